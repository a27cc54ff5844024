export const CONSUMERS = 200;
export const PRODUCERS = 8;

/** What the crowd is told to do, one after the other. */
export type Order = { readonly do: 'arrive' | 'calm' | 'leave' } | { readonly ip: string };

/** What the crowd says: first where it answers what our IP is, then after each order how it stands. */
export type Said =
  | { readonly ipUrls: readonly string[] }
  | {
      readonly done: Order;
      /** Calls received, and what changed, since the start. */
      readonly figures: {
        readonly calls: number;
        readonly behaviours: number;
        readonly left: number;
        readonly joined: number;
        readonly moved: number;
      };
      /** The addresses that each producer was told, oldest first. */
      readonly told: readonly (readonly string[])[];
    };

/** UUIDs that tell in a log whose they are. */
export function uuidOf(letter: 'c' | 'd', i: number): string {
  return `${letter.repeat(8)}-0000-4000-8000-${String(i).padStart(12, '0')}`;
}
