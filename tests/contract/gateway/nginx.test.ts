/** The nginx configuration of docs/reference/gateways.md, unchanged. Needs `nginx` on the PATH. */
import { AAuthVerificationError } from "aauth";
import { expect, test, vi } from "vitest";
import { send } from "../../../services/gateway/test/support/http-client.ts";
import { refusalCode } from "../../support/refusal-code.ts";
import { describeGateway } from "./documented-gateway.ts";
import { nginxArguments, nginxFile } from "./nginx-program.ts";

await describeGateway({
  name: "nginx",
  program: "nginx",
  args: (file, _port, folder) => nginxArguments(file, folder),
  around: nginxFile,
  requestFrom: "aauth",
  statusWithoutCheck: 500,
  hasOwnPages: true,
  more: ({ port, discovery, callAs }) => {
    test("a status of the check that nginx makes a 500 of keeps its code", async () => {
      const busy = new AAuthVerificationError("discovery_busy", "try again");
      const spy = vi.spyOn(discovery, "key").mockRejectedValue(busy);
      const { status, headers } = await callAs("the backend");
      spy.mockRestore();
      expect([status, refusalCode(headers)]).toEqual([500, "discovery_busy"]);
    });

    test("the check cannot be called from outside", async () => {
      const host = `supply-chain-agent.localhost:${port}`;
      expect((await send({ port, host, path: "/_aauth" })).status).toBe(404);
    });
  },
});
