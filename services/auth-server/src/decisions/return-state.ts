/** The pages that a sign-in may lead back to, without what stands before them; printable ASCII, as addresses are. */
const PAGES = /^\/(?:interaction|granted|(?:requests|returned)\/[\w-]{1,64})(?:\?[\x21-\x7e]*)?$/;

/** Carries a page's path and query through the sign-in; base64url, since an encoded query may be three times as long. */
export function writeReturn(path: string): string {
  return Buffer.from(path).toString("base64url");
}

/** It comes back in an address that anyone can make: only the pages here are gone on to. Undefined for anything else. */
export function readReturn(state: string): string | undefined {
  const path = Buffer.from(state, "base64url").toString("utf8");
  return PAGES.test(path) ? path : undefined; // hole T39b
}
