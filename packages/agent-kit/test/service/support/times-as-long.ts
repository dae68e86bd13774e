/**
 * How many times as long `run` takes for one text as for another, each at its fastest of three.
 * Less than 10 ms counts as 10: a pause of the machine must not decide, so the texts have to be
 * long enough for what is looked for.
 */
export function timesAsLong(run: (text: string) => unknown, hostile: string, harmless: string): number {
  return fastestMs(() => run(hostile)) / fastestMs(() => run(harmless));
}

function fastestMs(run: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const startedAt = performance.now();
    run();
    return performance.now() - startedAt;
  });
  return Math.max(10, Math.min(...times));
}
