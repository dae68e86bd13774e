/** Writes lines in batches, one system call per turn of the event loop instead of one per request. */
export function lineWriter(destination: { write(text: string): unknown }): {
  write(line: string): void;
  flush(): void;
} {
  let pending: string[] = [];
  const flush = () => {
    if (pending.length === 0) return;
    const text = `${pending.join("\n")}\n`;
    pending = [];
    destination.write(text);
  };
  return {
    write(line) {
      if (pending.push(line) === 1) setImmediate(flush);
    },
    flush,
  };
}
