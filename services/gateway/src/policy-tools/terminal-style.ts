/** Marks for a terminal; plain text elsewhere. */
export interface TerminalStyle {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
}

export function terminalStyle(colour: boolean): TerminalStyle {
  const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { good: paint(32), bad: paint(31), warn: paint(33), dim: paint(2) };
}
