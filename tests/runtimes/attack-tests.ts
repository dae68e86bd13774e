import { afterAll, beforeAll, expect, test } from "vitest";
import type { RecordReply } from "./answers.ts";
import { ATTACKS, expectedOf } from "./attacks.ts";
import type { Started } from "./node-servers.ts";
import type { Parties } from "./parties.ts";
import { SERVED } from "./servers/reports.ts";
import { exchange, wireOf } from "./wire.ts";

/** The attacks on one server as tests: what has to be served is, and nothing else. */
export function attackTests(
  partiesOf: () => Parties,
  start: () => Promise<Started>,
  record: RecordReply,
): void {
  let server: Started;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  test.each(ATTACKS)("$name", async (attack) => {
    const parties = partiesOf();
    const { status, code, isServed, text } = await attack.send(parties, server.port);
    record(attack.name, { status, code, isServed });
    expect({ status, code, isServed }, text).toEqual(expectedOf(attack, parties));
  });

  const WHOLE_CALL = "a whole call: challenges, a person who agrees, tokens, the answer";
  test(WHOLE_CALL, async () => {
    const parties = partiesOf();
    if (parties.call === undefined) return;
    const response = await parties.call(server.port);
    record(WHOLE_CALL, { status: response.status, code: undefined, isServed: response.headers.has(SERVED) });
    expect([response.status, await response.json()]).toEqual([200, { method: "GET", body: "" }]);
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
