// Entry point of `npm run demo`, `npm test` and the others: installs the dependencies when they
// are missing or old, then hands over to the Node version that the project pins. Plain JavaScript,
// because the Node that starts it may be as old as 18. Installing goes through `npx <pinned pnpm>`,
// so that a clean machine needs nothing but Node and npm.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, utimesSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { argumentProblem, asksForHelp, COMMANDS, helpText, MOVED } from "./commands.mjs";

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const PARENT_POLL_MS = 500;
const OLDEST_NODE_MAJOR = 18;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, "node_modules/.bin/node");
// Written by pnpm at the end of an install: its age is the age of node_modules.
const installStamp = join(root, "node_modules/.pnpm-workspace-state-v1.json");
// Cache of compiled TypeScript, which saves a third of each start.
const compileCache = join(root, "node_modules/.cache/node");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const [command = "", ...args] = process.argv.slice(2);
const { script, programs = {} } = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : {};
const program = Object.hasOwn(programs, args[0] ?? "") ? programs[args.shift()] : undefined;
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  fail(`Node ${OLDEST_NODE_MAJOR} or newer is needed to start; this is ${process.version}.`);
}
if (Object.hasOwn(MOVED, command)) fail(`npm run ${command} is now: npm run ${MOVED[command]}`, 2);
if (script === undefined) {
  const usage = `Usage: node scripts/bootstrap.mjs COMMAND [flags]\nCommands: ${Object.keys(COMMANDS).join(", ")}`;
  if (!asksForHelp(process.argv.slice(2))) fail(usage);
  console.log(usage);
  process.exit();
}
if (asksForHelp(args) && program === undefined) {
  const text = helpText(command);
  if (text !== undefined) console.log(text);
  // The other scripts declare their flags and print the rest of the help.
  if (COMMANDS[command].usage !== undefined) process.exit();
  if (text !== undefined) console.log();
}
const problem = argumentProblem(command, args);
if (problem !== undefined) fail(problem, 2);

const missing = missingDependencies();
if (asksForHelp(args) && program === undefined && missing !== undefined) {
  // Written from the scripts' own declarations by `npm run check -- --write`.
  const texts = JSON.parse(readFileSync(join(root, "scripts/help.json"), "utf8"));
  console.log(texts[command].join("\n"));
  process.exit();
}
if (missing !== undefined) await installDependencies(missing);
const envFile = existsSync(join(root, ".env")) ? ["--env-file=.env"] : [];
process.exitCode = await run(nodeForScripts(), [...envFile, ...(program ?? script).split(" "), ...args], {
  stdio: "inherit",
});

/**
 * Dependencies that the command needs and that are not installed: all, or those it runs on, without
 * the tools that test and build the code.
 */
function missingDependencies() {
  const needsTools = COMMANDS[command].needsTools === true;
  if (!existsSync(installStamp))
    return { why: "Installing dependencies (first time: about 15 s)…", needsTools };
  const { settings } = JSON.parse(readFileSync(installStamp, "utf8"));
  const hasTools = settings?.dev !== false;
  if (needsTools && !hasTools) return { why: "Installing the tools of the tests…", needsTools };
  if (statSync(installStamp).mtimeMs >= statSync(join(root, "pnpm-lock.yaml")).mtimeMs) return undefined;
  return { why: "Dependencies changed, installing…", needsTools: hasTools };
}

async function installDependencies({ why, needsTools }) {
  const startedAt = Date.now();
  console.error(why);
  const output = [];
  // --yes, because some npm configurations answer npx's question with no.
  const installArgs = [
    "--yes",
    manifest.packageManager,
    "install",
    "--frozen-lockfile",
    ...(needsTools ? [] : ["--prod"]),
    "--config.confirmModulesPurge=false",
  ];
  const status = await run("npx", installArgs, { stdio: ["ignore", "pipe", "pipe"], output });
  if (status !== 0) {
    console.error(Buffer.concat(output).toString());
    fail(
      "The dependencies could not be installed; the reason is above. The npm registry must be reachable. " +
        `After a change to a package.json, run: npx ${manifest.packageManager} install`,
      status,
    );
  }
  // pnpm leaves the file unchanged if there was nothing to do; without a new date the install would
  // run every time.
  const now = new Date();
  utimesSync(installStamp, now, now);
  // If this fails, the demo tries again and reports the error.
  await run(nodeForScripts(), ["scripts/demo/build-page.ts"], { stdio: "ignore" });
  console.error(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}

function nodeForScripts() {
  if (existsSync(pinnedNode)) return pinnedNode;
  const pinned = Object.values(manifest.optionalDependencies)[0];
  if (Number.parseInt(process.versions.node, 10) >= Number.parseInt(pinned, 10)) return process.execPath;
  return fail(
    `No Node ${pinned} comes with the project for ${process.platform} ${process.arch}. ` +
      `Install Node ${pinned} or newer and start again (on Windows: inside WSL).`,
  );
}

/**
 * Runs a program to its end and resolves with its exit status. Signals are forwarded to it, and so
 * is the loss of our own parent.
 */
function run(program, programArgs, { stdio, output }) {
  return new Promise((resolve) => {
    const env = {
      NODE_COMPILE_CACHE: compileCache,
      ...process.env,
      AGENT_KIT_PARENT_PID: String(process.pid),
    };
    const child = spawn(program, programArgs, { cwd: root, stdio, env });
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));

    const forward = (signal) => child.kill(signal);
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
    const watch = watchOwnParent(() => child.kill("SIGTERM"));

    const end = (status) => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
      clearInterval(watch);
      resolve(status);
    };
    child.on("error", (error) => {
      const missing = error.code === "ENOENT" && program === "npx";
      console.error(
        missing
          ? "npx was not found; it comes with npm."
          : `${program} could not be started: ${error.message}`,
      );
      end(1);
    });
    child.on("close", (status, signal) => end(status ?? 128 + constants.signals[signal]));
  });
}

/**
 * An npm that is ended may not signal the processes below it. So under npm or pnpm (and under a
 * program that asks for it) the parents are watched. Elsewhere they are not, because a shell may
 * leave background jobs behind on purpose.
 */
function watchOwnParent(onDeath) {
  if (process.env.npm_lifecycle_event === undefined && !process.env.AGENT_KIT_PARENT_PID) return undefined;
  const before = parents();
  return setInterval(() => {
    if (parents() !== before) onDeath();
  }, PARENT_POLL_MS);
}

/**
 * Our parent and, with /proc, its parent: npm starts scripts through a shell, and some shells stay
 * in between.
 */
function parents() {
  let grandparent = "";
  try {
    // pid (name) state ppid …; the name may hold spaces and brackets.
    grandparent = readFileSync(`/proc/${process.ppid}/stat`, "utf8").replace(/^.*\) \S+ (\d+) .*$/s, "$1");
  } catch {
    // Without /proc the shell is replaced by the script.
  }
  return `${process.ppid} ${grandparent}`;
}

function fail(message, status = 1) {
  console.error(message);
  process.exit(status);
}
