import { afterAll, beforeAll, expect, test } from "vitest";
import type { RecordReply } from "./answers.ts";
import { ATTACKS, expectedOf } from "./attacks.ts";
import type { Parties } from "./parties.ts";
import type { ServerUnderTest, Started } from "./server-under-test.ts";
import { SERVED } from "./servers/reports.ts";
import { exchange, wireOf } from "./wire.ts";

/** The attacks on one server as tests: it serves valid requests, and refuses all others. */
export function attackTests(
  given: () => Parties,
  { start, as = (parties) => parties, drops = [] }: ServerUnderTest,
  record: RecordReply,
): void {
  const partiesOf = () => as(given());
  let server: Started;
  beforeAll(async () => {
    server = await start(given().settings);
  });
  afterAll(() => server.stop());

  test.each(ATTACKS)("$name", async (attack) => {
    const parties = partiesOf();
    const { status, code, isServed, text } = await attack.send(parties, server.port);
    record(attack.name, { status, code, isServed });
    expect({ status, code, isServed }, text).toEqual(
      drops.includes(attack.name)
        ? { status: 200, code: undefined, isServed: true }
        : expectedOf(attack, parties),
    );
  });

  const WHOLE_CALL = "a whole call: challenges, a person who agrees, tokens, the answer";
  test(WHOLE_CALL, async () => {
    const parties = partiesOf();
    if (parties.call === undefined) return;
    const response = await parties.call(server.port);
    record(WHOLE_CALL, { status: response.status, code: undefined, isServed: response.headers.has(SERVED) });
    const answered = await response.text();
    expect(response.status, answered).toBe(200);
    expect(answered).toContain(parties.answer);
  });

  const REVOKED = "a token that its issuer has revoked";
  test(REVOKED, async () => {
    const parties = partiesOf();
    if (parties.revoke === undefined) return;
    const token = await parties.token();
    const ask = async () => exchange(server.port, wireOf(await parties.sign({ token })));
    expect((await ask()).isServed).toBe(true);
    expect(await parties.revoke(token, server.port)).toBeUndefined();
    const refused = await ask();
    record(REVOKED, refused);
    expect(refused).toMatchObject({ status: 401, code: "token_revoked", isServed: false });
  });
}
