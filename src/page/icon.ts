import type { Level } from './level.js';

/** The colours and shapes of the icon: one for each level, and one for a page without a scheduler. */
const ICONS: Readonly<Record<Level | 'lost', string>> = {
  ok: `<circle cx="16" cy="16" r="13" fill="#1f9d61"/><path d="m10 16.5 4.2 4.2 8-9" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"/>`,
  notice: `<path d="M16 3.5 30 28H2z" fill="#d98a00" stroke="#d98a00" stroke-width="2" stroke-linejoin="round"/><path d="M16 12v8m0 4v.1" stroke="#fff" stroke-width="3.2" stroke-linecap="round"/>`,
  bad: `<rect x="3" y="3" width="26" height="26" rx="6" fill="#d13b3b"/><path d="m11 11 10 10m0-10L11 21" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/>`,
  lost: `<circle cx="16" cy="16" r="11.5" fill="none" stroke="#8a8f98" stroke-width="4" stroke-dasharray="5 4"/>`,
};

let shown = '';

/** Makes the tab a lamp: the icon and the title say how the node is. */
export function showInTab(level: Level | 'lost', title: string): void {
  if (document.title !== title) document.title = title;
  if (level === shown) return;
  shown = level;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${ICONS[level]}</svg>`;
  if (link !== null) link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
