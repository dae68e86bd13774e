/** Waits for a signal to stop. */

const DAY_MS = 86_400_000;

setInterval(() => {}, DAY_MS);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
