import { describe, expect, test } from "vitest";
import { compose, type Plan } from "../src/messages/plan.ts";
import { createWorld } from "../src/peers/world.ts";
import { planFor } from "../src/roles/bench.ts";
import { type Check, failed, passed, type Row, warning } from "../src/suite/check.ts";
import { problemsOf, readExpected } from "../src/suite/expected.ts";
import { type Bench, runChecks, SuiteError } from "../src/suite/run.ts";
import { expectRefused, judgeRefusal, type Subject } from "../src/suite/subject.ts";
import { type Answer, type Exchange, TargetError } from "../src/suite/target.ts";

const row: Row = {
  id: "RS-1-01",
  role: "resource",
  level: "must",
  section: "1",
  quote: "a clause",
  title: "does it",
  needs: [],
  polarity: "refuse",
};
const bench = (exchanges: readonly Exchange[] = []): Bench => ({
  target: { takeExchanges: () => [...exchanges] },
  claims: new Set(),
});
const check = (over: Partial<Check<Bench>>): Check<Bench> => ({ ...row, run: () => passed, ...over });
const verdictsOf = async (...checks: readonly Check<Bench>[]) =>
  (await runChecks(checks, bench())).map(({ verdict }) => verdict);

const served: Answer = { status: 200, fields: {}, body: "the served secret" };
const refused: Answer = { status: 401, fields: {}, body: "", code: "invalid_signature" };
const world = createWorld("conformance.example");
const subject = (...answers: readonly Answer[]): Subject<Bench, Plan> => {
  const left = [...answers];
  return {
    plan: () => planFor({ world, host: "r.example", metadata: {} }, "GET", "/", world.agentToken()),
    send: async () => left.shift()!,
    status: 401,
  };
};
const codes = "invalid_signature";
const refusal = { status: 401, codes } as const;
const refusedAs = (...answers: readonly Answer[]) =>
  expectRefused(subject(...answers), bench(), () => {}, codes);

describe("a run", () => {
  test("weighs results by the level of their row", async () => {
    const run = () => failed("no");
    expect(
      await verdictsOf(check({ run }), check({ run, level: "should" }), check({ run, level: "may" })),
    ).toEqual(["failed", "warning", "skipped"]);
    expect(await verdictsOf(check({ run: () => warning("other code") }))).toEqual(["warning"]);
  });

  test("skips what the target does not claim", async () => {
    expect(await verdictsOf(check({ needs: ["metadata"], run: () => failed("no") }))).toEqual(["skipped"]);
  });

  test("turns errors of the target into verdicts, and its own into an error", async () => {
    const throwing = (error: Error) => check({ run: () => Promise.reject(error) });
    expect(await verdictsOf(throwing(new TargetError("down")))).toEqual(["inconclusive"]);
    await expect(verdictsOf(throwing(new TypeError("ours")))).rejects.toThrow(SuiteError);
  });

  test("ends a check that never ends", async () => {
    const [result] = await runChecks([check({ run: () => new Promise(() => {}) })], bench(), {
      checkTimeoutMs: 10,
    });
    expect(result).toMatchObject({ verdict: "inconclusive", reason: "the check took longer than 10 ms" });
  });

  test("stops sending to a target that is silent three checks long", async () => {
    const exchange = {
      at: 0,
      ms: 0,
      direction: "sent",
      message: compose(await subject().plan(bench())),
    } as const;
    let runs = 0;
    const run = () => {
      runs += 1;
      return passed;
    };
    const silent = bench([{ ...exchange, answer: undefined, problem: "down" }]);
    const results = await runChecks(
      Array.from({ length: 6 }, () => check({ run })),
      silent,
    );
    expect(runs).toBe(3);
    expect(results.at(-1)).toMatchObject({ verdict: "inconclusive", reason: "the target no longer answers" });
  });
});

describe("a refusal", () => {
  test("passes after its valid twin was served", async () => {
    expect(await refusedAs(served, refused)).toEqual(passed);
  });

  test("is inconclusive if its valid twin is refused, too", async () => {
    expect(await refusedAs(refused, refused)).toMatchObject({
      verdict: "inconclusive",
    });
  });

  test("fails where the message is served", async () => {
    expect(await refusedAs(served, served)).toMatchObject({
      verdict: "failed",
    });
  });

  test("fails where the message is served under the status of a refusal", () => {
    const sameBody = { ...refused, body: served.body };
    expect(judgeRefusal(sameBody, served, refusal).verdict).toBe("failed");
    const withCanary = { ...refused, body: `{"echo":"canary-1"}` };
    expect(judgeRefusal(withCanary, served, { ...refusal, canary: "canary-1" }).verdict).toBe("failed");
  });

  test("warns about another code, and fails without one or with another status", () => {
    expect(judgeRefusal({ ...refused, code: "invalid_jwt" }, served, refusal).verdict).toBe("warning");
    expect(judgeRefusal({ ...refused, code: undefined }, served, refusal).verdict).toBe("failed");
    expect(judgeRefusal({ ...refused, status: 400 }, served, refusal).verdict).toBe("failed");
    expect(judgeRefusal({ ...refused, status: 500 }, served, { ...refusal, codes: "" }).verdict).toBe(
      "failed",
    );
    const also = () => "there is no required_input";
    expect(judgeRefusal(refused, served, { ...refusal, also }).verdict).toBe("failed");
  });
});

describe("expected failures", () => {
  const result = (verdict: "passed" | "failed" | "inconclusive") => ({
    ...row,
    verdict,
    ms: 0,
    exchanges: [],
  });

  test("are known by id, each with its reason", () => {
    const expected = readExpected("# of version 1\n\nRS-1-01: it accepts two\n");
    expect(problemsOf([result("failed")], expected)).toEqual([]);
    expect(problemsOf([result("failed")], new Map())).toEqual(["RS-1-01 failed"]);
    expect(problemsOf([result("inconclusive")], new Map())).toEqual(["RS-1-01 inconclusive"]);
  });

  test("fail the run once they no longer do", () => {
    const expected = readExpected("RS-1-01: it accepts two");
    expect(problemsOf([result("passed")], expected)).toEqual(["RS-1-01 is expected to fail, and does not"]);
    expect(problemsOf([], expected)).toHaveLength(1);
  });

  test("refuse lines without a reason and ids that are there twice", () => {
    for (const text of ["RS-1-01:", "RS-1-01", "- RS-1-01: x", "RS-1-01: x\nRS-1-01: y"]) {
      expect(() => readExpected(text), text).toThrow(TypeError);
    }
  });
});
