import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readRawBody } from "../src/raw-body.ts";

test("a body whose sender hangs up is cut off without an error of the service", async () => {
  const aborted = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  for (const end of [(body: PassThrough) => body.destroy(aborted), (body: PassThrough) => body.destroy()]) {
    const body = new PassThrough();
    const reading = readRawBody(body, 100);
    body.write("{");
    end(body);
    await expect(reading).rejects.toMatchObject({ statusCode: 400, code: "body_cut_off" });
  }
});

test("A6: a service that gives a body up decides what that is answered", async () => {
  const body = new PassThrough();
  const reading = readRawBody(body, 100);
  body.write("{");
  body.emit("error", Object.assign(new Error("too slow"), { statusCode: 408, code: "body_too_slow" }));
  await expect(reading).rejects.toMatchObject({ statusCode: 408, code: "body_too_slow" });
});

test("what happens to the rest of a body that is too large ends nothing", async () => {
  const body = new PassThrough();
  const reading = readRawBody(body, 2);
  body.write("abc");
  await expect(reading).rejects.toMatchObject({ statusCode: 413, code: "body_too_large" });
  body.destroy(new Error("aborted"));
  await new Promise((resolve) => body.on("close", resolve));
});
