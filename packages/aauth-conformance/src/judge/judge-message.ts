import { digestProblem } from "./content-digest.ts";
import { decodeJwt, type Jwt, TokenError } from "./jws.ts";
import { hasSigned, type Jwk } from "./keys.ts";
import { fieldOf, type Message } from "./message.ts";
import { ComponentError, coveredNames, signatureBase } from "./signature-base.ts";
import {
  FieldError,
  type InnerList,
  isInnerList,
  type Member,
  parseDictionary,
  Token,
} from "./structured-fields.ts";

/** Findings of the judge in a message. Undefined parts could not be read. */
export interface Judgement {
  readonly problems: readonly string[];
  readonly label?: string | undefined;
  readonly input?: InnerList | undefined;
  readonly covered: readonly string[];
  readonly scheme?: string | undefined;
  /** String parameters of the `Signature-Key` member. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly jwt?: Jwt | undefined;
  readonly base?: string | undefined;
}

/**
 * Judges one message of a peer: its three fields, its base and its signature. Tokens are decoded
 * here and judged by the check that expects them.
 *
 * @param keyOf the key of a `jwks_uri` member
 */
export function judgeMessage(
  message: Message,
  keyOf: (parameters: Readonly<Record<string, string>>) => Jwk | undefined = () => undefined,
): Judgement {
  const problems: string[] = [];
  const inputs = membersOf(message, "signature-input", problems);
  const [label] = inputs.keys();
  const input = label === undefined ? undefined : inputs.get(label);
  if (label === undefined || input === undefined || !isInnerList(input)) {
    return { problems: [...problems, "Signature-Input has no inner list"], covered: [], parameters: {} };
  }
  const signature = membersOf(message, "signature", problems).get(label);
  const keyMember = membersOf(message, "signature-key", problems).get(label);
  const scheme =
    keyMember && !isInnerList(keyMember) && keyMember.value instanceof Token
      ? keyMember.value.value
      : undefined;
  if (scheme === undefined) problems.push(`Signature-Key has no scheme for the label ${label}`);
  const parameters = stringsOf(keyMember);
  const jwt = scheme === "jwt" ? tokenOf(parameters.jwt, problems) : undefined;
  const base = baseOf(message, input, problems);
  const key = jwt === undefined ? keyOf(parameters) : (jwt.claims.cnf as { jwk?: Jwk } | undefined)?.jwk;
  if (signature === undefined || isInnerList(signature) || !(signature.value instanceof Uint8Array)) {
    problems.push(`Signature has no byte sequence for the label ${label}`);
  } else if (base !== undefined) {
    problems.push(...signatureProblems(base, signature.value, key));
  }
  problems.push(...bodyProblems(message));
  return { problems, label, input, covered: coveredNames(input), scheme, parameters, jwt, base };
}

function membersOf(message: Message, name: string, problems: string[]): ReadonlyMap<string, Member> {
  const field = fieldOf(message, name);
  if (field === undefined) problems.push(`there is no ${name}`);
  try {
    return parseDictionary(field ?? "");
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    problems.push(`${name}: ${error.message}`);
    return new Map();
  }
}

function stringsOf(member: Member | undefined): Record<string, string> {
  const entries = [...(member?.params ?? [])].flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}

function tokenOf(token: string | undefined, problems: string[]): Jwt | undefined {
  try {
    return decodeJwt(token ?? "");
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    problems.push(`the token in Signature-Key: ${error.message}`);
    return undefined;
  }
}

function baseOf(message: Message, input: InnerList, problems: string[]): string | undefined {
  try {
    return signatureBase(message, input);
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function signatureProblems(base: string, signature: Uint8Array, key: Jwk | undefined): string[] {
  if (key === undefined) return ["the key is not known"];
  try {
    return hasSigned(key, Buffer.from(base), signature) ? [] : ["the signature does not verify"];
  } catch (error) {
    return [`the key cannot verify: ${(error as Error).message}`];
  }
}

function bodyProblems(message: Message): string[] {
  const digest = fieldOf(message, "content-digest");
  if (digest === undefined) return [];
  const problem = digestProblem(digest, message.body ?? "");
  return problem === undefined ? [] : [`Content-Digest: ${problem}`];
}
