/** An attack on each server: a request, and the answer that it must get. */

import type { Parties, SignedOver } from "./parties.ts";
import { FEBRUARY_RESOURCE, MAX_BODY_BYTES, RESOURCE } from "./servers/reports.ts";
import { exchange, inTurn, leave, type Reply, type WireRequest, wireOf } from "./wire.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const seconds = () => Math.floor(Date.now() / 1000);
const good = (): SignedOver => ({});
const post = ({ body }: Parties): SignedOver => ({ method: "POST", body });
export const isOfDraft11 = ({ settings }: Parties): boolean => settings.dialect === "draft-11";
const ownResource = (parties: Parties) => (isOfDraft11(parties) ? RESOURCE : FEBRUARY_RESOURCE);

const PLAIN = { method: "GET", host: "reports.example", fields: [], body: undefined } as const;

type ByDialect<Value> = Value | { readonly draft11: Value; readonly february: Value };

/** The answer that a server must give to an attack. */
export function expectedOf({ code, status, isServed = code === undefined }: Attack, parties: Parties) {
  const own = <Value>(value: ByDialect<Value> | undefined): Value | undefined =>
    typeof value === "object" && value !== null && "draft11" in value
      ? value[isOfDraft11(parties) ? "draft11" : "february"]
      : value;
  return {
    status: own(status) ?? (code === undefined ? 200 : 401),
    code: own(code) || undefined,
    isServed,
  };
}

/** One attempt at the server at a port. */
export interface Attack {
  readonly name: string;
  /** Undefined for requests that must be served. */
  readonly code?: ByDialect<string>;
  /** Default 200 without a code, 401 with one. */
  readonly status?: ByDialect<number>;
  /** Whether a handler makes the answer. Default: true without a code. */
  readonly isServed?: boolean;
  send(parties: Parties, port: number): Promise<Reply>;
}

/** The request of `make`, in wire format. */
const once =
  (make: (parties: Parties) => Promise<WireRequest>): Attack["send"] =>
  async (parties, port) =>
    exchange(port, await make(parties));

/** A valid request that is changed on the way. */
const changed = (
  over: (parties: Parties) => SignedOver,
  change: (request: WireRequest, parties: Parties) => Partial<WireRequest>,
): Attack["send"] =>
  once(async (parties) => {
    const request = wireOf(await parties.sign(over(parties)));
    return { ...request, ...change(request, parties) };
  });

const withoutBody = (): SignedOver => ({ method: "POST", body: undefined });
const withField = (name: string, value: string) => (request: WireRequest) => ({
  fields: [...request.fields, [name, value] as const],
});
const instead = (name: string, value: string) => (request: WireRequest) => ({
  fields: request.fields.map((field) => (field[0] === name ? ([name, value] as const) : field)),
});
const withoutField = (request: WireRequest, ...names: readonly string[]) =>
  request.fields.filter(([name]) => !names.includes(name));
const withToken = (over: (parties: Parties) => Parameters<Parties["token"]>[0]): Attack["send"] =>
  once(async (parties) => wireOf(await parties.sign({ token: await parties.token(over(parties)) })));

const GOOD: readonly Attack[] = [
  { name: "a good request", send: changed(good, () => ({})) },
  { name: "a signed POST, whose handler reads the body", send: changed(post, () => ({})) },
  {
    name: "a signed POST in chunks",
    send: changed(post, (request, { body }) => ({
      fields: [...withoutField(request, "content-length"), ["transfer-encoding", "chunked"]],
      body: bytes(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    })),
  },
  { name: "a foreign Host", send: changed(good, () => ({ host: "evil.example" })) },
  { name: "a foreign X-Forwarded-Host", send: changed(good, withField("x-forwarded-host", "evil.example")) },
  {
    name: "a signed query",
    send: once(async (parties) =>
      wireOf(
        await parties.sign({
          url: `${parties.url}?month=11`,
          ...(isOfDraft11(parties) && { additionalComponents: ["@query"] }),
        }),
      ),
    ),
  },
];

const MESSAGE: readonly Attack[] = [
  {
    name: "no signature",
    code: "missing_signature",
    send: changed(good, (request) => ({
      fields: withoutField(request, "signature", "signature-input", "signature-key"),
    })),
  },
  {
    name: "the same POST twice",
    code: { draft11: "signature_replayed", february: "nonce_replayed" },
    async send(parties, port) {
      const request = wireOf(await parties.sign(post(parties)));
      await exchange(port, request);
      return exchange(port, request);
    },
  },
  {
    name: "another body",
    code: "digest_mismatch",
    send: changed(post, (_request, { body }) => ({ body: bytes(body.replace("11", "12")) })),
  },
  {
    name: "a body that was removed",
    code: "digest_mismatch",
    send: changed(post, (request) => ({ ...instead("content-length", "0")(request), body: undefined })),
  },
  {
    name: "a body that was added",
    code: "insufficient_coverage",
    send: changed(withoutBody, (request, { body }) => ({
      fields: [...request.fields, ["content-length", String(body.length)], ["content-type", "text/plain"]],
      body: bytes(body),
    })),
  },
  { name: "another path", code: "invalid_signature", send: changed(good, () => ({ target: "/other" })) },
  {
    name: "a query that was added",
    code: "insufficient_coverage",
    send: changed(good, ({ target }) => ({ target: `${target}?admin=1` })),
  },
  { name: "another method", code: "invalid_signature", send: changed(post, () => ({ method: "PUT" })) },
  {
    name: "another content type",
    code: "invalid_signature",
    send: changed(post, instead("content-type", "text/html")),
  },
  {
    name: "a second content type",
    code: "invalid_signature",
    send: changed(post, withField("content-type", "text/html")),
  },
  {
    name: "a second signature",
    code: "malformed_signature",
    send: changed(good, withField("signature", "sig=:AAAA:")),
  },
  {
    name: "a signature made too long ago",
    code: "created_out_of_window",
    send: changed(
      () => ({ now: () => seconds() - 120 }),
      () => ({}),
    ),
  },
  {
    name: "a signature made too early",
    code: "created_out_of_window",
    send: changed(
      () => ({ now: () => seconds() + 120 }),
      () => ({}),
    ),
  },
  {
    name: "a signature for another authority, which Host and X-Forwarded-Host name",
    code: "invalid_signature",
    send: once(async (parties) => {
      const request = wireOf(await parties.sign({ url: "https://evil.example/reports" }));
      return { ...request, host: "evil.example", ...withField("x-forwarded-host", "evil.example")(request) };
    }),
  },
];

const TOKENS: readonly Attack[] = [
  {
    name: "an expired token",
    code: "token_expired",
    send: withToken(() => ({ now: () => seconds() - 600, lifetimeSeconds: 300 })),
  },
  {
    name: "a token of another resource",
    code: "token_audience_mismatch",
    send: withToken(() => ({ audience: "https://other.example" })),
  },
  {
    name: "a token of another key",
    code: "invalid_signature",
    send: withToken(({ otherKey }) => ({ boundTo: otherKey })),
  },
  {
    name: "a forged token",
    code: "invalid_token_signature",
    send: withToken(({ otherKey }) => ({ key: otherKey })),
  },
  {
    name: "a token without the scope",
    code: "insufficient_scope",
    status: { draft11: 401, february: 403 },
    send: withToken(() => ({ scope: "reports.write" })),
  },
];

const BOUNDS: readonly Attack[] = [
  {
    name: "a body that is declared too large",
    code: "",
    status: 413,
    send: changed(
      () => ({ method: "POST", body: "x".repeat(MAX_BODY_BYTES + 1) }),
      () => ({}),
    ),
  },
  {
    name: "a body in chunks without end",
    code: "",
    status: 413,
    send: changed(post, (request) => ({
      fields: [...withoutField(request, "content-length"), ["transfer-encoding", "chunked"]],
      body: bytes(`400\r\n${"x".repeat(1024)}\r\n`),
      repeats: true,
    })),
  },
  {
    name: "a body that stops",
    code: "",
    status: 408,
    send: changed(post, (_request, { body }) => ({ body: bytes(body.slice(0, 5)) })),
  },
  {
    name: "a handler that throws",
    code: "",
    status: 500,
    send: once(async (parties) => wireOf(await parties.sign({ url: `${ownResource(parties)}/fail` }))),
  },
];

/** A request with a body that no gate reads to its end, and then a good one. */
const followed =
  (change: (request: WireRequest) => WireRequest): Attack["send"] =>
  async (parties, port) => {
    const refused = wireOf(await parties.sign({ method: "POST", body: "x".repeat(LARGE_BYTES) }));
    return inTurn(port, change(refused), wireOf(await parties.sign()));
  };
/** Exceeds the buffers of the sockets. */
const LARGE_BYTES = 3_000_000;

const WHOLE: readonly Attack[] = [
  {
    name: "a body that is declared too large, and then a good request",
    send: followed((request) => request),
  },
  {
    name: "a body in chunks that is too large, and then a good request",
    send: followed((request) => ({
      ...request,
      fields: [...withoutField(request, "content-length"), ["transfer-encoding", "chunked"]],
    })),
  },
  {
    name: "a large body without a signature, and then a good request",
    send: followed((request) => ({ ...request, fields: withoutField(request, "signature") })),
  },
  {
    name: "the resource's key set",
    send: once(async () => ({ ...PLAIN, target: "/jwks.json" })),
    isServed: false,
  },
  {
    name: "a client that goes away, and then a good one",
    async send(parties, port) {
      const { body, ...request } = wireOf(await parties.sign(post(parties)));
      await leave(port, { ...request, body: body?.subarray(0, 5) });
      return exchange(port, wireOf(await parties.sign()));
    },
  },
];

/** Attacks at the level of connections. */
export const ATTACKS: readonly Attack[] = [...GOOD, ...MESSAGE, ...TOKENS, ...BOUNDS, ...WHOLE];
