import {
  type Answer,
  type Claims,
  isServerId,
  isSignedBy,
  type Jwk,
  now,
  parsed,
  readToken,
  type Sockets,
  send,
} from "./messages.ts";

/** Documents and tokens of other parties, checked as in sections 6 and 7 of the page. */

export type Members = Record<string, unknown>;

/** A refusal by another party, with the draft's code where there was one, or of this agent. */
export class Refused extends Error {
  readonly answer: Answer | undefined;
  readonly code: string | undefined;
  /** Value of `Signature-Error` in the refusal of a message (5). */
  readonly signatureError: string;
  constructor(message: string, answer?: Answer, signatureError = "invalid_jwt") {
    super(answer === undefined ? message : `${message}: ${answer.status} ${answer.text}`);
    this.answer = answer;
    this.signatureError = signatureError;
    this.code = answer && (parsed(answer.text).error as string | undefined);
  }
}

const REQUIRED = {
  "aa-agent+jwt": ["cnf"],
  "aa-person+jwt": ["aud", "cnf"],
  "aa-resource+jwt": ["aud", "agent_jkt", "ps", "presented_jti"],
  "aa-auth+jwt": ["aud", "cnf", "ps"],
};
const DOCUMENTS: Readonly<Record<TokenType, readonly string[]>> = {
  "aa-agent+jwt": ["aauth-agent.json"],
  "aa-person+jwt": ["aauth-person.json"],
  "aa-resource+jwt": ["aauth-resource.json"],
  "aa-auth+jwt": ["aauth-person.json", "aauth-access.json"],
};
const AT_MOST_AN_HOUR: readonly TokenType[] = ["aa-person+jwt", "aa-auth+jwt"];
export type TokenType = keyof typeof REQUIRED;

/**
 * Unsigned, and checked to be of whom it was asked for (6.2). `otherwise` where it may be missing.
 */
export async function documentOf(
  sockets: Sockets,
  issuer: string,
  name: string,
  otherwise?: Members,
): Promise<Members> {
  if (!isServerId(issuer)) throw new Refused(`not an identifier: ${issuer}`);
  const answer = await send(sockets, { url: `${issuer}/.well-known/${name}` });
  if (answer.status === 404 && otherwise !== undefined) return otherwise;
  const document = parsed(answer.text);
  if (answer.status !== 200) throw new Refused(`no ${name} of ${issuer}`, answer, "unknown_key");
  if (document.issuer !== issuer) throw new Refused(`${name} of another`, answer, "issuer_mismatch");
  return document;
}

export async function keyOf(sockets: Sockets, issuer: string, dwk: string, kid: unknown): Promise<Jwk> {
  const { jwks_uri } = await documentOf(sockets, issuer, dwk);
  const set = parsed((await send(sockets, { url: String(jwks_uri) })).text).keys as Jwk[];
  const jwk = set.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Refused(`${issuer} has no key ${kid}`, undefined, "unknown_key");
  return jwk;
}

/** The common checks (7.2). */
export async function verifyToken(
  sockets: Sockets,
  token: string,
  types: readonly TokenType[],
): Promise<{ typ: TokenType; claims: Claims; jwk: Jwk | undefined }> {
  const { header, claims } = readToken(token);
  const fail = (what: string, code?: string) =>
    new Refused(`token: ${what} ${JSON.stringify({ header, claims })}`, undefined, code);
  const typ = types.find((type) => type === header.typ);
  if (typ === undefined) throw fail("typ");
  if (!DOCUMENTS[typ].includes(String(claims.dwk)) || !isServerId(claims.iss)) throw fail("dwk or iss");
  for (const name of ["sub", "jti", "iat", "exp", ...REQUIRED[typ]]) {
    if (claims[name] === undefined) throw fail(name);
  }
  if (header.alg !== "Ed25519" && header.alg !== "ES256") throw fail("alg");
  const key = await keyOf(sockets, claims.iss, String(claims.dwk), header.kid);
  if (key.alg !== header.alg) throw fail("alg");
  const end = token.lastIndexOf(".");
  if (!isSignedBy(key, token.slice(0, end), Buffer.from(token.slice(end + 1), "base64url"))) {
    throw fail("signature");
  }
  const [iat, exp] = [Number(claims.iat), Number(claims.exp)];
  if (!(exp > now())) throw fail("exp", "expired_jwt");
  if (iat > now() + 60) throw fail("iat", "clock_skew");
  if (AT_MOST_AN_HOUR.includes(typ) && exp - iat > 3600) throw fail("life");
  return { typ, claims, jwk: (claims.cnf as { jwk: Jwk } | undefined)?.jwk };
}
