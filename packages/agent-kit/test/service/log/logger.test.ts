import { describe, expect, test } from "vitest";
import { createLogger, type LoggerOptions } from "../../../src/service/index.ts";

const TOKEN = `${Buffer.from('{"alg":"EdDSA"}').toString("base64url")}.e30.c2ln`;

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    service: "backend",
    destination: { write: (line) => lines.push(line) },
    ...options,
  });
  return { logger, lines };
}

test("a text line is LEVEL:logger:message key=value", () => {
  const { logger, lines } = capture();
  logger
    .child({ logger: "aauth.signing" })
    .info({ scheme: "hwk", note: "two words", nested: { a: 1 } }, "🔐 signed");
  expect(lines).toEqual(['INFO:aauth.signing:🔐 signed scheme=hwk note="two words" nested={"a":1}\n']);
});

describe("A15: text that a caller chooses", () => {
  const NAME = "x\u2028ERROR:backend:forged\u2029\u202egnp\u2066\u200b\ufeff\u001b[2J\u009b\ud800\u007f";

  test.each(["text", "json"] as const)(
    "A15: neither forges nor reverses a line, as a field, in the message, as a name or in an error (%s)",
    (format) => {
      const { logger, lines } = capture({ format });
      logger.child({ logger: NAME }).info({ method: NAME, [NAME]: { nested: [NAME] } }, NAME);
      expect(lines).toHaveLength(1);
      expect(lines[0]!.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      logger.warn({ err: new Error(NAME) }, "failed");
      expect(lines[1]!.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      if (format === "json") {
        expect(JSON.parse(lines[0]!)).toMatchObject({ msg: NAME, method: NAME, [NAME]: { nested: [NAME] } });
      } else {
        expect(lines[1]!.split("\n").slice(1)).toEqual([expect.stringMatching(/^ {4}x\\u2028ERROR/), ""]);
      }
    },
  );
});

test("an error's stack is shown at error, its message below and for a coded failure", () => {
  const { logger, lines } = capture();
  logger.error({ err: new Error("boom") }, "failed");
  logger.warn({ err: new Error("boom") }, "hm");
  logger.error({ err: Object.assign(new Error("refused"), { code: "token_refused" }) }, "failed");
  expect(lines[0]).toMatch(/^ERROR:backend:failed\n {4}Error: boom\n {8}at /);
  expect(lines[1]).toBe("WARNING:backend:hm\n    boom\n");
  expect(lines[2]).toBe("ERROR:backend:failed\n    refused\n");
});

test("json lines are pino's records with the service", () => {
  const { logger, lines } = capture({ format: "json" });
  logger.info({ logger: "aauth.tokens" }, "issued");
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 30,
    service: "backend",
    logger: "aauth.tokens",
    msg: "issued",
  });
});

test.each(["text", "json"] as const)(
  "message, fields, child bindings and errors are redacted, %s",
  (format) => {
    const { logger, lines } = capture({ format });
    const child = logger.child({ authToken: TOKEN });
    child.info({ headers: { "signature-key": `sig1=(scheme=jwt jwt="${TOKEN}")` } }, `got ${TOKEN}`);
    child.error({ err: new Error(`refused ${TOKEN}`) }, "failed");
    expect(lines).toHaveLength(2);
    expect(lines.join("")).not.toContain(TOKEN);
  },
);

test("showTokens prints them", () => {
  const { logger, lines } = capture({ showTokens: true });
  logger.info(`got ${TOKEN}`);
  expect(lines[0]).toContain(TOKEN);
});
