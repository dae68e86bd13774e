/** Result of one check of this machine. */
export interface Finding {
  /**
   * `ok`: works. `note`: something optional is missing. `problem`: `npm run demo` will not work.
   */
  readonly verdict: "ok" | "note" | "problem";
  /** Subject of the check, one or two words. */
  readonly subject: string;
  /** Result and, unless `ok`, remedy: one line. */
  readonly text: string;
}

export const ok = (subject: string, text: string): Finding => ({ verdict: "ok", subject, text });
export const note = (subject: string, text: string): Finding => ({ verdict: "note", subject, text });
export const problem = (subject: string, text: string): Finding => ({ verdict: "problem", subject, text });
