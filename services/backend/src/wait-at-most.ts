/** Waits for the first of several events, at most `milliseconds`. */
export async function waitAtMost(milliseconds: number, events: readonly Promise<void>[]): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([elapsed, ...events]);
  clearTimeout(timer);
}
