import { MAX_TEXT_LENGTH } from "./kept-text.ts";

const WORD = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** A scope as OAuth has it (RFC 6749 section 3.3): printable ASCII without space, quote and backslash. */
export function isScope(text: string): boolean {
  return WORD.test(text);
}

/** Scopes with one space between them. Nothing in them can change how a page or a log looks that shows them. */
export function isScopeList(text: string): boolean {
  return text.length <= MAX_TEXT_LENGTH && text.split(" ").every(isScope);
}
