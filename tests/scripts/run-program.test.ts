import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runProgram } from "../../scripts/run-program.ts";
import { spawnGuarded } from "../../scripts/spawn-guarded.ts";

const node = (code: string) => [process.execPath, ["--input-type=module", "--eval", code]] as const;

test("a program that takes too long is ended and reported", async () => {
  const [program, args] = node("console.log('begun'); setTimeout(() => {}, 60_000)");
  const { status, output } = await runProgram(program, args, { output: "caught", limitMs: 1500 });
  expect(status).toBe(124);
  expect(output).toBe("begun\n\nended: it took more than 1.5 s");
});

test("a program that cannot be started says why", async () => {
  const { status, output } = await runProgram("/no/such/program", [], { output: "caught" });
  expect([status, output]).toEqual([127, "spawn /no/such/program ENOENT"]);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s, sent twice, ends running programs, starts no more, and cleans up once",
  async (signal) => {
    const [program, args] = node(`
      import { cleanUpAtEnd, endProgramsOnSignal, runProgram } from ${JSON.stringify(new URL("../../scripts/run-program.ts", import.meta.url).href)};
      endProgramsOnSignal();
      const print = (text, more) =>
        runProgram(process.execPath, ["--eval", \`console.log("\${text}")\`], { output: "shown", ...more });
      cleanUpAtEnd(async () => { await new Promise((done) => setTimeout(done, 300)); await print("cleaned", { isCleanup: true }); });
      cleanUpAtEnd(() => print("never", { isCleanup: true }))();
      const waits = "console.log('waits'); setTimeout(() => {}, 60_000)";
      const { status } = await runProgram(process.execPath, ["--eval", waits], { output: "shown" });
      console.log("ended");
      await print("started");
    `);
    const child = spawnGuarded(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    const printed = text(child.stdout!);
    await once(child.stdout!, "data");
    child.kill(signal);
    setTimeout(() => child.kill(signal), 100);
    const [status] = await once(child, "exit");
    expect(status).toBe(130);
    expect((await printed).split("\n").filter(Boolean)).toEqual(["waits", "ended", "cleaned"]);
  },
);
