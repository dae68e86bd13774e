import type { Message, ProtocolRun } from "aauth-explain/run";
import { EVENT } from "aauth-explain/trace-names";
import { describe, expect, test } from "vitest";
import { layOutSequence, leastWidth } from "../../../src/features/protocol/sequence-layout.ts";

const names = {
  ui: "Browser",
  backend: "Backend",
  gateway: "Gateway",
  agent: "Supply-chain agent",
  market: "Market-analysis agent",
};

function message(
  number: number,
  from: string,
  to: string,
  times: [number, number],
  more: Partial<Message> = {},
): Message {
  return {
    id: String(number),
    traceId: "t",
    number,
    from,
    to,
    startMicros: times[0],
    endMicros: times[1],
    method: "POST",
    url: "http://agent.localhost/",
    what: "message/send",
    isReceived: true,
    status: 200,
    outcome: "accepted",
    purpose: "resource",
    request: {},
    response: {},
    verifiers: [],
    events: [],
    ...more,
  };
}

function runOf(...messages: Message[]): ProtocolRun {
  const parties = Object.entries(names).map(([id, name]) => ({ id, name }));
  return { traceIds: ["t"], parties, messages, waterfall: [], startMicros: 0, endMicros: 100 };
}

const gate = (party: string, verdict: "passed" | "refused") => ({
  party,
  spanId: party,
  verdict,
  checks: [],
  components: [],
});

const consentRequired = { name: EVENT.consentRequired, facts: {}, timeMicros: 0 };
const issuedToken = {} as NonNullable<Message["verifiers"][number]["issuedToken"]>;

describe("layOutSequence", () => {
  test("an attack begins after the responses to its sender's honest requests, whose spans may end later", () => {
    const honest = message(1, "backend", "agent", [0, 12]);
    const nested = message(2, "agent", "market", [2, 30]);
    const attack = message(3, "backend", "agent", [10, 20], { isTampered: true });
    const order = (...messages: Message[]) =>
      layOutSequence(runOf(...messages), 600).rows.map(({ key }) => key);
    expect(order(honest, attack)).toEqual(["1 request", "1 response", "3 request", "3 response"]);
    expect(order(nested, attack).at(-1)).toBe("2 response");
    expect(order(honest, { ...attack, isTampered: undefined })[1]).toBe("3 request");
  });

  test("shortens a label for which the picture is too narrow, instead of cutting it at the edge", () => {
    const what = "revocation of a token that another has issued";
    const labelAt = (width: number) =>
      layOutSequence(runOf(message(1, "backend", "agent", [1, 2], { what })), width).rows[0]!.label.text;
    expect(labelAt(900)).toBe(`1  ${what}, signed with its key`);
    expect(labelAt(400)).toBe(`1  ${what}`);
    expect(labelAt(220)).toMatch(/^1 {2}revocation of a .*…$/);
    expect(labelAt(220).length * 7).toBeLessThanOrEqual(220);
  });

  test("places the effects of a message between it and its answer", () => {
    const { rows } = layOutSequence(
      runOf(message(1, "backend", "agent", [0, 50]), message(2, "agent", "market", [10, 40])),
      600,
    );
    expect(rows.map(({ key }) => key)).toEqual(["1 request", "2 request", "2 response", "1 response"]);
    for (const [index, row] of rows.entries()) {
      expect(row.top).toBe(
        index === 0 ? row.top : (rows[index - 1]?.top ?? 0) + (rows[index - 1]?.height ?? 0),
      );
    }
  });

  test("ten messages fit a laptop's screen; few of them, and those on a phone, have more room", () => {
    const turning = { via: "market" };
    const messages = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        message(index, "backend", "agent", [index * 10, index * 10 + 5], index % 5 === 0 ? turning : {}),
      );
    const heights = (count: number, width: number) =>
      layOutSequence(runOf(...messages(count)), width).rows.map(({ height }) => height);
    const ten = layOutSequence(runOf(...messages(10)), 550);
    // 800 px minus the header, the margins, and the legend.
    expect(ten.height).toBeLessThanOrEqual(680);
    expect(Math.min(...heights(10, 550))).toBeGreaterThanOrEqual(24);
    expect(heights(4, 550)[2]).toBe(46);
    expect(heights(10, 330)[2]).toBe(46);
  });

  test("a message in progress has no response", () => {
    const { rows } = layOutSequence(
      runOf(message(1, "backend", "agent", [0, 0], { outcome: "pending" })),
      600,
    );
    expect(rows.map(({ kind }) => kind)).toEqual(["request"]);
  });

  test("a row of polls has the key of its first one's request, so that the focus stays as it opens", () => {
    const polls = [message(1, "backend", "agent", [0, 5]), message(2, "backend", "agent", [6, 9])] as const;
    const { rows } = layOutSequence(runOf(...polls), 600, [polls]);
    expect(rows.map(({ key, kind }) => [key, kind])).toEqual([["1 request", "polls"]]);
  });

  test("an arrow that has to go back to the gateway turns there", () => {
    const through = { via: "gateway" };
    const { rows } = layOutSequence(
      runOf(message(1, "backend", "agent", [0, 5], through), message(2, "agent", "market", [6, 9], through)),
      600,
    );
    expect(rows[0]?.path).not.toContain("v");
    expect(rows[2]?.path).toContain("v");
  });

  test("an answer follows the path of its request, through the gateway", () => {
    const through = { via: "gateway" };
    const { rows, columns } = layOutSequence(
      runOf(message(1, "backend", "agent", [0, 5], through), message(2, "agent", "market", [6, 9], through)),
      600,
    );
    const gate = columns[2]?.x;
    const answers = rows.filter(({ kind }) => kind === "response");
    expect(answers.map(({ passes }) => passes.map(({ x }) => x))).toEqual([[gate], [gate]]);
    expect(answers[0]?.path).not.toContain("v");
    expect(answers[1]?.path).toMatch(new RegExp(`H${gate} v`));
    for (const row of rows.filter(({ kind }) => kind === "request")) expect(row.passes).toEqual([]);
  });

  test("an answer of the gateway itself passes no other party", () => {
    const stopped = { via: "gateway", stoppedAt: "gateway", outcome: "refused" as const, status: 403 };
    const { rows } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], stopped)), 600);
    expect(rows[1]?.passes).toEqual([]);
  });

  test("labels requests, and how an interaction on a page continues", () => {
    const { rows } = layOutSequence(
      runOf(
        message(1, "backend", "agent", [0, 5]),
        message(2, "ui", "agent", [6, 7], {
          purpose: "user",
          what: "sent to the consent page",
          interaction: { page: "consent", leg: "there" },
        }),
      ),
      600,
    );
    expect(rows.map(({ label }) => label.text)).toEqual([
      "1  message/send, signed with its key",
      "200",
      "2  sent to the consent page",
      "sent back",
    ]);
  });

  test("labels a message without a signature as unsigned", () => {
    const unsigned = { request: { headers: { authorization: "Bearer …" } } };
    const { rows } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], unsigned)), 600);
    expect(rows[0]?.label.text).toBe("1  message/send, not signed");
  });

  test("an agent that requires an interaction challenges, although its verifier passed the message", () => {
    const challenged = {
      status: 401,
      outcome: "challenged" as const,
      response: { headers: { "agent-auth": 'httpsig; user_interaction="http://agent.localhost/page?x=1"' } },
      verifiers: [gate("agent", "passed")],
    };
    const { rows } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], challenged)), 600);
    expect(rows[0]?.marks).toMatchObject([{ verdict: "challenged" }]);
    expect(rows[1]?.label.text).toBe("401 challenge: user interaction");
  });

  test("an arrow that was stopped ends at the gateway, which says no", () => {
    const stopped = {
      via: "gateway",
      stoppedAt: "gateway",
      outcome: "refused" as const,
      verifiers: [gate("gateway", "passed")],
    };
    const { rows, columns } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], stopped)), 600);
    expect(rows[0]?.marks).toMatchObject([{ x: columns[2]?.x, verdict: "refused" }]);
  });

  test("a receiver that refuses says no, although its verifier passed the message; the gateway does not", () => {
    const refused = {
      via: "gateway",
      outcome: "refused" as const,
      verifiers: [gate("gateway", "passed"), gate("agent", "passed")],
    };
    const { rows } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], refused)), 600);
    expect(rows[0]?.marks).toMatchObject([{ verdict: "passed" }, { verdict: "refused" }]);
  });

  test.each([320, 400, 600, 1200])("everything stays inside %i pixels", (width) => {
    const long = message(1, "backend", "market", [0, 5], {
      url: "http://agent.localhost/a/path/that/is/long",
    });
    const { columns, rows, isNarrow } = layOutSequence(
      runOf(long, message(2, "ui", "backend", [6, 7])),
      width,
    );
    expect(isNarrow).toBe(width < 400);
    for (const { x } of columns) {
      expect(x).toBeGreaterThanOrEqual(30);
      expect(x).toBeLessThanOrEqual(width - 30);
    }
    for (const { label } of rows) expect(label.x).toBeGreaterThan(0);
  });

  test("in the least width there is, names do not lie over each other", () => {
    const run = runOf(message(1, "backend", "market", [0, 5]));
    const { columns } = layOutSequence(run, leastWidth(run.parties.length));
    const gaps = columns.slice(1).map(({ x }, index) => x - columns[index]!.x);
    // The longest word of a name, "Backend" or "Gateway", in small letters.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(7 * 6.5);
  });

  test.each<[string, Partial<Message>]>([
    ["200", {}],
    ["401 challenge", { status: 401, outcome: "challenged" }],
    ["401 refused", { status: 401, outcome: "refused" }],
    ["401 nonce_replayed", { status: 401, outcome: "refused", errorCode: "nonce_replayed" }],
    ["502 failed", { status: 502, outcome: "failed" }],
    ["200, the user is asked first", { events: [consentRequired] }],
    ["200, auth token", { verifiers: [{ ...gate("agent", "passed"), issuedToken }] }],
    ["303", { status: 303, interaction: { page: "consent", leg: "back" } }],
  ])("the answer says %j", (text, more) => {
    const { rows } = layOutSequence(runOf(message(1, "backend", "agent", [0, 5], more)), 600);
    expect(rows[1]?.label.text).toBe(text);
  });

  test("a response without a status is left out, but for a redirected browser", () => {
    const { status: _, ...lost } = message(1, "backend", "agent", [0, 5], { outcome: "failed" });
    const { status: __, ...sent } = message(2, "ui", "backend", [6, 7], {
      interaction: { page: "consent", leg: "back" },
    });
    const { rows } = layOutSequence(runOf(lost, sent), 600);
    const answers = rows.filter(({ kind }) => kind === "response");
    expect(answers.map(({ label }) => label.text)).toEqual(["no response failed", "sent on"]);
  });

  test("an arrow ends beside the line of its receiver, and further from it where a verdict is", () => {
    const endOf = (more: Partial<Message>, from = "backend", to = "agent") => {
      const { rows, columns } = layOutSequence(runOf(message(1, from, to, [0, 5], more)), 600);
      const target = columns.find(({ party }) => party.id === to)!.x;
      return Number(/H([\d.]+)$/.exec(rows[0]!.path)![1]) - target;
    };
    expect(endOf({})).toBe(-2);
    expect(endOf({ verifiers: [gate("agent", "passed")] })).toBe(-9);
    expect(endOf({}, "agent", "backend")).toBe(2);
  });

  test("verdicts of an arrow that turns are where it turns, and where it arrives", () => {
    const verifiers = [gate("gateway", "passed"), gate("market", "passed")];
    const turning = message(1, "agent", "market", [0, 5], { via: "gateway", verifiers });
    const { rows, columns } = layOutSequence(runOf(turning), 600);
    const [first, second] = rows[0]!.marks;
    expect([first!.x, second!.x]).toEqual([columns[2]!.x, columns[4]!.x]);
    expect(second!.y).toBeGreaterThan(first!.y);
    expect(second!.y).toBeLessThan(rows[0]!.top + rows[0]!.height);
  });

  test("an unknown party and a run of one party have a place, too", () => {
    const alone = {
      ...runOf(message(1, "backend", "nowhere", [0, 5])),
      parties: [{ id: "backend", name: "Backend" }],
    };
    const { columns, rows } = layOutSequence(alone, 600);
    expect(columns.map(({ x }) => x)).toEqual([300]);
    expect(rows[0]!.path).not.toContain("NaN");
  });

  test("a run without messages has its parties alone", () => {
    const { columns, rows, headerHeight, height } = layOutSequence(runOf(), 600);
    expect([columns.length, rows.length]).toEqual([5, 0]);
    expect(height).toBeGreaterThan(headerHeight);
  });

  test("names break at spaces and hyphens, and the head is as high as the longest", () => {
    const linesAt = (width: number) =>
      layOutSequence(runOf(), width).columns.map(({ lines }) => lines.join("|"));
    expect(linesAt(1200)).toEqual([
      "Browser",
      "Backend",
      "Gateway",
      "Supply-chain|agent",
      "Market-|analysis|agent",
    ]);
    expect(layOutSequence(runOf(), 1200).headerHeight).toBe(3 * 14 + 16);
  });
});
