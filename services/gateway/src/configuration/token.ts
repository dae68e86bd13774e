/** Whether it can be the name of a field or a method (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text);
}

/** Whether a check can be sent with this method. CONNECT asks for a tunnel, in which nothing is answered. */
export function isCheckMethod(text: string): boolean {
  return isToken(text) && text !== "CONNECT";
}
