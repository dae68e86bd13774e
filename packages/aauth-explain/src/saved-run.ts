/**
 * Contents of a saved run's file, as data. `saved-run-file.ts` writes and reads the file.
 *
 * @module
 */

import { isRecord } from "./run/trace-span.ts";

/** Reason why a file cannot be read as a saved run. */
export type SavedRunCode =
  | "not_a_saved_run"
  | "saved_run_too_large"
  | "saved_run_damaged"
  | "saved_run_version";

/** The file cannot be read; nothing in it was verified. */
export class SavedRunError extends Error {
  override readonly name = "SavedRunError";
  readonly code: SavedRunCode;

  constructor(code: SavedRunCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Largest size of the file, in bytes. */
export const MAX_SAVED_RUN_BYTES = 500_000;
/** Largest size of the decompressed data, in bytes: a small file could become arbitrarily large. */
export const MAX_DATA_BYTES = 8_000_000;
export const MAX_MESSAGES = 500;
export const MAX_ATTACKS = 100;

export const tooLarge = () =>
  new SavedRunError(
    "saved_run_too_large",
    `a saved run has at most ${MAX_MESSAGES} messages, ${MAX_ATTACKS} attacks and ${MAX_SAVED_RUN_BYTES / 1000} kB, and ${MAX_DATA_BYTES / 1_000_000} MB decompressed`,
  );

export const damaged = (why: string) =>
  new SavedRunError("saved_run_damaged", `the saved run is damaged: ${why}`);

/** Returns a part of the file if it has its shape. @throws SavedRunError */
type Reader<Value> = (data: unknown, name: string) => Value;
type Readers = Readonly<Record<string, Reader<unknown>>>;
type Members<Required extends Readers, Optional extends Readers> = {
  readonly [Name in keyof Required]: ReturnType<Required[Name]>;
} & { readonly [Name in keyof Optional]?: ReturnType<Optional[Name]> };

const jsonObject: Reader<Readonly<Record<string, unknown>>> = (data, name) => {
  if (!isRecord(data)) throw damaged(`${name} is not an object`);
  return data;
};

const text: Reader<string> = (data, name) => {
  if (typeof data !== "string") throw damaged(`${name} is not a string`);
  return data;
};

const number: Reader<number> = (data, name) => {
  if (typeof data !== "number" || !Number.isFinite(data)) throw damaged(`${name} is not a number`);
  return data;
};

/** Leaves out members that it does not name. */
const object =
  <Required extends Readers, Optional extends Readers = Record<never, never>>(
    required: Required,
    optional?: Optional,
  ): Reader<Members<Required, Optional>> =>
  (data, name) => {
    const members = jsonObject(data, name);
    const given = Object.entries(optional ?? {}).filter(([key]) => members[key] !== undefined);
    const read = [...Object.entries(required), ...given].map(([key, reader]) => [
      key,
      reader(members[key], key),
    ]);
    return Object.fromEntries(read) as Members<Required, Optional>;
  };

const list =
  <Item>(item: Reader<Item>, most = Number.POSITIVE_INFINITY): Reader<readonly Item[]> =>
  (data, name) => {
    if (!Array.isArray(data)) throw damaged(`${name} is not a list`);
    if (data.length > most) throw tooLarge();
    return data.map((entry) => item(entry, `an entry of ${name}`));
  };

const texts: Reader<Readonly<Record<string, string>>> = (data, name) =>
  Object.fromEntries(Object.entries(jsonObject(data, name)).map(([key, value]) => [key, text(value, key)]));

/** A name with a value, both as text. */
export type SavedFact = ReturnType<typeof fact>;
const fact = object({ name: text, value: text });

/** Start line, header lines and body, as shown. */
export type SavedHttp = ReturnType<typeof http>;
const http = object({ start: text, headers: list(fact) }, { body: text });

/** A request and its response, as recorded. */
export type SavedExchange = ReturnType<typeof exchange>;
const exchange = object({ sender: text, request: http, response: http });

/** A public key of a party, as a JWK. */
export type SavedKey = ReturnType<typeof key>;
const key = object({ id: text, jwk: jsonObject });

/** A signed request as it was sent, and the published keys that verifying it takes. */
export type SavedEvidence = ReturnType<typeof evidence>;
const evidence = object({
  method: text,
  /** Absolute. */
  url: text,
  /** Kind of endpoint that it was sent to: `resource` or `token`. */
  endpoint: text,
  /** Those that are covered or belong to the signature. Lower-case names. */
  headers: texts,
  /** Base64. */
  body: text,
  /** Public keys by the identifier of the party that publishes them. */
  keys: list(key),
});

/** A check of a verifier, as recorded. */
export type SavedCheck = ReturnType<typeof check>;
const check = object({ party: text, name: text, verdict: text }, { reason: text });

/** One request and what was recorded about it. */
export type SavedMessage = ReturnType<typeof message>;
const message = object(
  {
    /** Ids of {@link SavedRun}'s `parties`. */
    from: text,
    to: text,
    /** Milliseconds since the run began. */
    startMs: number,
    /** A few words: what is asked. */
    what: text,
    /** A sentence, as recorded. */
    sentence: text,
    /** As recorded: `accepted`, `challenged`, `refused`, … */
    outcome: text,
    /** Questions and answers about the message, as recorded. */
    facts: list(fact),
    /** The verifiers' checks, as recorded. */
    checks: list(check),
  },
  {
    status: number,
    /** As recorded, with values cut; absent where `evidence` has it whole. */
    request: http,
    response: http,
    /** The whole request, which is verified again. */
    evidence,
  },
);

/** Outcome of an attack on a service that takes bearer tokens. */
export type SavedBearerSide = ReturnType<typeof bearer>;
const bearer = object({
  status: number,
  /** A few words. */
  outcome: text,
  /** In the order they were sent; the last one is the attack. */
  exchanges: list(exchange),
});

/** An attack on a run, really sent. */
export type SavedAttack = ReturnType<typeof attack>;
const attack = object(
  {
    title: text,
    /** Describes the change to the request. */
    what: text,
    /** The attack on AAuth: the message that was sent last. */
    aauth: message,
  },
  {
    /** The attack on a service that takes bearer tokens, as recorded. */
    bearer,
  },
);

/** Protocol of the run, for display: version of AAuth (`draft -11`), mode of the demo if known. */
export type SavedProtocol = ReturnType<typeof protocol>;
const protocol = object({ version: text }, { mode: text });

/**
 * A saved run, with all data for its sequence diagram. Everything in it is a claim of the file's
 * maker, except what {@link SavedEvidence} proves.
 */
export type SavedRun = ReturnType<typeof readRun>;
const readRun = object({
  format: (data: unknown): "aauth-saved-run" => {
    if (data === "aauth-saved-run") return data;
    throw new SavedRunError("not_a_saved_run", "its data is not a run that the demo has saved");
  },
  version: (data: unknown): 2 => {
    if (data === 2) return data;
    throw new SavedRunError("saved_run_version", "only version 2 of saved runs is known here");
  },
  requestId: text,
  protocol,
  /** Unix seconds. */
  savedAt: number,
  /** Columns of the picture, from left to right. */
  parties: list(object({ id: text, name: text })),
  /** In the order they were sent. */
  messages: list(message, MAX_MESSAGES),
  /** Attacks on the run, in the order in which they are shown. */
  attacks: list(attack, MAX_ATTACKS),
});

/**
 * The data of a file as a run. Members that a run does not have are left out.
 *
 * @throws SavedRunError
 */
export const checkedRun = (data: unknown): SavedRun => readRun(data, "the run");

/** The name of a party that a run lists, or else its id. */
export const partyNameIn = ({ parties }: Pick<SavedRun, "parties">, id: string): string =>
  parties.find((party) => party.id === id)?.name ?? id;
