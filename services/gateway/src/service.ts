import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createLogger, HelpRequested, loadConfig, type StartService } from "agent-kit/service";
import { buildGateway } from "./app.ts";
import { requireConsistency, settings, withTraceVariables } from "./config.ts";
import { loadConfiguration } from "./configuration/load-configuration.ts";
import { ConfigurationError, describeProblem } from "./configuration/problem.ts";
import { lineWriter } from "./observe/line-writer.ts";
import { watchFile } from "./ports/watch-file.ts";

export const start: StartService = async ({ env, argv, output }) => {
  const config = withTraceVariables(loadConfig({ service: "gateway", settings, env, argv }));
  requireConsistency(config);
  const source = config.inline === undefined ? basename(config.file) : "inline";
  const text = config.inline ?? readConfigurationFile(config.file);
  const load = () => {
    try {
      return loadConfiguration({ text, source, env, overrides: config });
    } catch (error) {
      throw withoutStack(error);
    }
  };
  if (config.validateOnly) {
    load();
    // A question that has been answered, as --help is: printed, status 0.
    throw new HelpRequested("Configuration is valid!");
  }

  const logger = createLogger({
    service: "gateway",
    level: config.logLevel,
    ...(config.logFormat !== undefined && { format: config.logFormat }),
    destination: output,
  });
  const accessLog = lineWriter(output);
  const gateway = await buildGateway(
    config,
    { source, text },
    {
      env,
      logger,
      accessLog: accessLog.write,
    },
  ).catch((error: unknown) => {
    throw withoutStack(error);
  });

  const reload = (changed: string) => {
    gateway.reload(changed).catch((error: unknown) => {
      // What the system says of a port has no more to tell than its message.
      const isExpected = error instanceof ConfigurationError || (error as NodeJS.ErrnoException).syscall;
      const problems = isExpected ? (error as Error).message.split("\n") : undefined;
      logger.error(
        problems ? { problems } : { err: error },
        `${source} changed and cannot be used; the old configuration stays`,
      );
    });
  };
  const unwatch =
    config.inline === undefined && config.file !== "-"
      ? watchFile(config.file, text, {
          onChange: reload,
          onUnreadable: (error) => {
            const { message } = error as Error;
            logger.error({ problems: [message] }, `${source} cannot be read; the old configuration stays`);
          },
          onProblem: (error) => {
            logger.warn({ err: error }, `${source} cannot be watched; changes take a restart`);
          },
        })
      : () => {};
  return {
    url: gateway.urls.join(", "),
    close: async () => {
      unwatch();
      await gateway.close();
      accessLog.flush();
    },
  };
};

function readConfigurationFile(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw withoutStack(
      new ConfigurationError(basename(path), [{ path: "", message: `cannot be read: ${code}` }]),
    );
  }
}

/**
 * A file that cannot be used, for the terminal: every problem, and no stack, which would only say where it was found. Its exit status is
 * 1, as Agentgateway's; 2 is for flags and variables.
 */
function withoutStack(error: unknown): unknown {
  if (!(error instanceof ConfigurationError)) return error;
  const { source, problems } = error;
  const lines = problems.map((problem) => `\n  ${describeProblem(source, problem)}`);
  error.stack = `${source} cannot be used${lines.join("")}`;
  return error;
}
