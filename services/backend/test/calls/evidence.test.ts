import type { TransportRequest } from "aauth/agent";
import { describe, expect, test } from "vitest";
import { createEvidence, type Evidence } from "../../src/calls/evidence.ts";

const request = (body = "{}"): TransportRequest => ({
  method: "POST",
  headers: { signature: "sig1=:AAAA:" },
  body: new TextEncoder().encode(body),
});

const runOf = (id: string, userId = "alice") => ({ id, userId });

const answers = async () => new Response("", { status: 401 });

test("keeps a run's requests whole under its id, and under no other", async () => {
  const evidence = createEvidence(() => 1000);
  const transport = evidence.recording(answers);
  await evidence.during(runOf("run-1"), () => transport("http://agent.localhost/", request()));
  await transport("http://agent.localhost/unrelated", request());
  expect(evidence.of("run-1")).toMatchObject([
    { method: "POST", url: "http://agent.localhost/", status: 401 },
  ]);
  expect(evidence.of("run-1")[0]?.headers.signature).toBe("sig1=:AAAA:");
  expect(evidence.of("run-2")).toEqual([]);
});

test("looks at an answer to come are not kept: they would push out all else", async () => {
  const evidence = createEvidence(() => 1000);
  const transport = evidence.recording(answers);
  await evidence.during(runOf("run-1"), async () => {
    await transport("http://agent.localhost/", request());
    for (let count = 0; count < 20; count++) {
      await transport("http://agent.localhost/pending/1", { method: "GET", headers: {} });
    }
  });
  expect(evidence.of("run-1")).toMatchObject([{ url: "http://agent.localhost/" }]);
});

test("it is gone after five minutes", async () => {
  let now = 1000;
  const evidence = createEvidence(() => now);
  await evidence.during(runOf("run-1"), () =>
    evidence.recording(answers)("http://agent.localhost/", request()),
  );
  now += 299;
  expect(evidence.of("run-1")).toHaveLength(1);
  now += 2;
  expect(evidence.of("run-1")).toEqual([]);
});

test("it is bounded: runs, requests of a run, bytes of a request", async () => {
  const evidence = createEvidence(() => 1000);
  const transport = evidence.recording(answers);
  for (let run = 0; run < 60; run++) {
    await evidence.during(runOf(`run-${run}`), () => transport("http://agent.localhost/", request()));
  }
  expect(evidence.of("run-0")).toEqual([]);
  expect(evidence.of("run-59")).toHaveLength(1);
  for (let count = 0; count < 20; count++) {
    await evidence.during(runOf("run-59"), () => transport("http://agent.localhost/", request()));
  }
  expect(evidence.of("run-59").length).toBeLessThanOrEqual(12);
  await evidence.during(runOf("large"), () =>
    transport("http://agent.localhost/", request("x".repeat(70_000))),
  );
  expect(evidence.of("large")).toEqual([]);
});

test("the runs of one user push out no other user's", async () => {
  const evidence = createEvidence(() => 1000);
  const send = () => evidence.recording(answers)("http://agent.localhost/", request());
  await evidence.during(runOf("run-of-bob", "bob"), send);
  for (let run = 0; run < 60; run++) await evidence.during(runOf(`run-${run}`), send);
  expect(evidence.of("run-of-bob")).toHaveLength(1);
});

describe("work that is done again", () => {
  const send = (evidence: Evidence, address: string) => () =>
    evidence.recording(answers)(`http://agent.localhost/${address}`, request());
  const addresses = (evidence: Evidence) => evidence.of("run-1").map(({ url }) => new URL(url).pathname);

  test("replaces the first once it has succeeded, and not before", async () => {
    const evidence = createEvidence(() => 1000);
    await evidence.during(runOf("run-1"), send(evidence, "first"));
    await evidence.replacing(runOf("run-1"), async () => {
      await send(evidence, "again")();
      expect(addresses(evidence)).toEqual(["/first"]);
    });
    expect(addresses(evidence)).toEqual(["/again"]);
  });

  test("keeps nothing if it fails", async () => {
    const evidence = createEvidence(() => 1000);
    await evidence.during(runOf("run-1"), send(evidence, "first"));
    const failing = evidence.replacing(runOf("run-1"), async () => {
      await send(evidence, "again")();
      throw new Error("refused");
    });
    await expect(failing).rejects.toThrow("refused");
    expect(addresses(evidence)).toEqual(["/first"]);
  });
});
