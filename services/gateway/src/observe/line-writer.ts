const FLUSH_MS = 10;
const FLUSH_CHARACTERS = 65_536;

/** Writes lines in batches, so that a busy gateway makes one system call for many requests. A line is at most 10 ms late. */
export function lineWriter(destination: { write(text: string): unknown }): {
  write(line: string): void;
  flush(): void;
} {
  let pending = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (pending === "") return;
    const text = pending;
    pending = "";
    destination.write(text);
  };
  return {
    write(line) {
      pending += `${line}\n`;
      if (pending.length >= FLUSH_CHARACTERS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    },
    flush,
  };
}
