/**
 * Display of one dialect's messages. No decision depends on it.
 *
 * @module
 */

export interface DisplayRules {
  /**
   * Parsers of response fields, by lower-case name. A token in the `resourceToken` of their result
   * is shown decoded.
   *
   * @throws AAuthError
   */
  readonly answerFields: Readonly<Record<string, (value: string) => unknown>>;
  /** Section that defines a type of token, by `typ`. */
  readonly tokenSections: Readonly<Record<string, string>>;
}
