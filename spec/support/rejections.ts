/** The rejections that nobody handled while this ran; mocha passes over them in silence. */
export async function unhandledDuring(work: () => Promise<void>): Promise<readonly unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', note);
  try {
    await work();
  } finally {
    process.off('unhandledRejection', note);
  }
  return unhandled;
}
