/**
 * What one dialect shows to people who read its messages. It decides nothing.
 *
 * @module
 */

export interface DisplayRules {
  /**
   * Readers of fields of responses, by name in lower case. The token in a `resourceToken` of what
   * they return is shown decoded.
   *
   * @throws AAuthError
   */
  readonly answerFields: Readonly<Record<string, (value: string) => unknown>>;
  /** Section that defines a kind of token, by `typ`. */
  readonly tokenSections: Readonly<Record<string, string>>;
}
