import { type AAuthEvent, generateSigningKey } from "aauth";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createPatience,
  draft11Parties,
  draft11Requirement,
  hasAnswer,
  requireServerIdentifier,
  upstreamTokenOf,
} from "../src/draft-11.ts";

const event = (members: object) => members as AAuthEvent;
const PENDING = event({ type: "answer_pending", party: "https://ps.example" });
const PAGE = event({ type: "interaction_required", party: "https://ps.example" });
const TOKEN = event({ type: "token_received" });

test.each([
  ["agent-identity", { level: "agent-token" }, undefined, undefined],
  ["person-identity", { level: "person-token" }, "https://person-server.localhost", undefined],
  ["person-server", { level: "auth-token", scopes: ["a:b"] }, "https://person-server.localhost", undefined],
  [
    "federated",
    { level: "auth-token", scopes: ["a:b"] },
    "https://person-server.localhost",
    "https://access-server.localhost",
  ],
] as const)(
  "%s: the caller's requirement, and the agent's servers",
  (mode, requirement, personServer, accessServer) => {
    expect(draft11Requirement(mode, "a:b")).toEqual(requirement);
    const options = { id: "https://a.localhost", now: () => 0 };
    expect(draft11Parties({ mode, endpoints: {} }, options)).toMatchObject({ personServer, accessServer });
  },
);

test("an identity with a port or over http is refused under its variable's name", () => {
  requireServerIdentifier("backend", "BACKEND_AGENT_URL", "https://backend.localhost");
  for (const id of [
    "http://backend.localhost",
    "https://backend.localhost:8000",
    "https://backend.localhost/a",
  ])
    expect(() => requireServerIdentifier("backend", "BACKEND_AGENT_URL", id)).toThrow("BACKEND_AGENT_URL");
});

test("the upstream token is the one a person's request was signed with, and never the agent's own", async () => {
  const key = await generateSigningKey({ kid: "k" });
  const jwt = "eyJhbGciOiJFZDI1NTE5In0.e30.AA";
  const caller = {
    profile: "draft-11",
    scheme: "jwt",
    key: key.publicJwk,
    thumbprint: key.thumbprint,
  };
  const person = { iss: "https://ps.example", sub: "p" };
  const fields = { "signature-key": `sig=jwt;jwt="${jwt}"`, "signature-input": "sig=();created=1" };
  expect(
    upstreamTokenOf({ ...caller, level: "agent-token", agent: "aauth:a@b.example" }, fields),
  ).toBeUndefined();
  expect(upstreamTokenOf({ ...caller, level: "person-token", person }, fields)).toBe(jwt);
  // Only the member with the signature's label is proven; another party's token may be beside it.
  const beside = {
    "signature-key": `sig=jwt;jwt="eyJ.stolen", own=jwt;jwt="${jwt}"`,
    "signature-input": "own=();created=1",
  };
  expect(upstreamTokenOf({ ...caller, level: "person-token", person }, beside)).toBe(jwt);
  const grant = { scopes: [], claims: {}, token: "auth-token" };
  expect(upstreamTokenOf({ ...caller, level: "auth-token", person, grant }, fields)).toBe("auth-token");
});

describe("the deadline of a call", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is that of the parties where no call waits for a person", () => {
    const { signal } = createPatience(1_000);
    vi.advanceTimersByTime(999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  test("is the person's while an answer is pending, and the parties' again afterwards", () => {
    const { signal, observer } = createPatience(1_000, 10_000);
    vi.advanceTimersByTime(900);
    observer(PENDING);
    observer(PAGE);
    vi.advanceTimersByTime(9_000);
    observer(TOKEN);
    vi.advanceTimersByTime(999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  test("is not extended by polls of the same answer, nor by ever new pages", () => {
    const { signal, observer } = createPatience(1_000, 10_000);
    for (let second = 0; second < 10; second++) {
      observer(PENDING);
      vi.advanceTimersByTime(1_000);
    }
    expect(signal.aborted).toBe(true);

    const endless = createPatience(1_000, 10_000);
    let pages = 0;
    for (; !endless.signal.aborted && pages < 20; pages++) {
      endless.observer(PAGE);
      vi.advanceTimersByTime(9_000);
    }
    expect(pages).toBe(6);
  });

  test("keeps no timer once the call is over", () => {
    const { end } = createPatience(1_000);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a poll that finds the answer pending reports no progress", () => {
  for (const type of ["challenge_received", "response_received"]) {
    expect(hasAnswer(event({ type, status: 202, purpose: "resource" }))).toBe(false);
    expect(hasAnswer(event({ type, status: 401, purpose: "resource" }))).toBe(true);
  }
  expect(hasAnswer(event({ type: "response_received", status: 200, purpose: "token" }))).toBe(false);
  for (const status of [429, 503]) {
    expect(hasAnswer(event({ type: "response_received", status, purpose: "resource" }))).toBe(false);
  }
  expect(hasAnswer(PAGE)).toBe(false);
});
