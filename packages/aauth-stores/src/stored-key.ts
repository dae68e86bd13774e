import { createHash } from "node:crypto";
import { escapeKey, isShort } from "./escape-key.ts";

/** The form in which a key or owner is stored. */
export function storedKey(key: string): string {
  const escaped = escapeKey(key);
  return isShort(escaped) ? escaped : `"${createHash("sha256").update(escaped).digest("base64url")}`;
}
