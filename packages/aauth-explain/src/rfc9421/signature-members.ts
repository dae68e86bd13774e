import type { HeaderFields } from "aauth";
import { fieldValue } from "aauth/wire";
import { fromBase64 } from "../saved-run-file.ts";

/** One signature of any RFC 9421 message. */
export interface SignatureMember {
  readonly label: string;
  /** In the order of the base, as `buildSignatureBase` takes them: `signature-agent;key="sig1"`. */
  readonly components: readonly string[];
  /** Strings without quotes; `true` for a parameter without a value. */
  readonly params: ReadonlyMap<string, string>;
  /** The part of `Signature-Input` after `label=`, as received. */
  readonly raw: string;
  /** Undefined where `Signature` has no such label; `malformed` where it has no bytes for it. */
  readonly signature: Uint8Array | "malformed" | undefined;
}

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const LABEL = "[a-z*][a-z0-9_.*-]*";
const PARAMS = `(?:; *${LABEL}(?:=(?:${STRING}|[^",; )]+))?)*`;
const ITEM = `${STRING}${PARAMS}`;
const MEMBER = new RegExp(`(?:^|, *)(${LABEL})=(\\( *((?:${ITEM} *)*)\\)(${PARAMS}))(?= *(?:,|$))`, "g");

/**
 * The signatures of a message (RFC 9421 section 4), with components that have parameters, which
 * AAuth does not allow. For display: it is lenient, and does NOT report other members.
 */
export function signatureMembers(headers: HeaderFields): SignatureMember[] {
  const input = (fieldValue(headers, "signature-input") ?? "").trim().slice(0, 16_384);
  const signatures = fieldValue(headers, "signature") ?? "";
  return [...input.matchAll(MEMBER)].map(([, label = "", raw = "", items = "", params = ""]) => ({
    label,
    components: [...items.matchAll(new RegExp(`(${STRING})(${PARAMS})`, "g"))].map(
      ([, name = "", own = ""]) => name.slice(1, -1) + own,
    ),
    params: new Map(
      [...params.matchAll(new RegExp(`; *(${LABEL})(?:=(${STRING}|[^",; )]+))?`, "g"))].map(
        ([, name = "", value = "true"]) => [name, value.replace(/^"|"$/g, "")],
      ),
    ),
    raw,
    signature: bytesOf(signatures, label),
  }));
}

function bytesOf(signatures: string, label: string): SignatureMember["signature"] {
  const member = [...signatures.matchAll(/(?:^|, *)([a-z*][a-z0-9_.*-]*)=([^,]*)/g)].findLast(
    ([, name]) => name === label,
  );
  if (member === undefined) return undefined;
  const [, value] = /^:([A-Za-z0-9+/]+={0,2}): *(?:;.*)?$/.exec(member[2]!) ?? [];
  try {
    return value === undefined ? "malformed" : fromBase64(value);
  } catch {
    return "malformed";
  }
}
