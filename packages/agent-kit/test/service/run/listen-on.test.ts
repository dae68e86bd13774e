import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import fastify from "fastify";
import { expect, it, vi } from "vitest";
import { listenOn } from "../../../src/service/run/listen-on.ts";

it("closes a service that cannot listen, so that what it has opened ends", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const app = fastify();
  const close = vi.fn(async () => {});
  app.addHook("onClose", close);
  await expect(listenOn(app, { host: "127.0.0.1", port })).rejects.toThrow("EADDRINUSE");
  expect(close).toHaveBeenCalledOnce();
  other.close();
});
