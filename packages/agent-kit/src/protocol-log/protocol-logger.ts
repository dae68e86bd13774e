type Write = (fields: object, message: string) => void;

/**
 * The part of a pino logger that is needed. It must redact fields named `token`, unless whole
 * tokens are wanted.
 */
export interface ProtocolLogger {
  readonly info: Write;
  readonly warn: Write;
  readonly debug: Write;
  /** Checked before building a line that no level would print. */
  isLevelEnabled(level: string): boolean;
  child(bindings: { logger: string }): ProtocolLogger;
}
