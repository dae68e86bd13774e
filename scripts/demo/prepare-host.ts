import { describeError, prepareProcess } from "agent-kit/service";
import { currentService } from "./hosted-service.ts";
import { REPOSITORY_ROOT } from "./stack.ts";

/**
 * Prepares this process for services that run in it: its folder, its globals, and the owner of an
 * uncaught error. Call it before the first service is imported.
 */
export async function prepareHost(): Promise<void> {
  // Their paths are relative to it.
  process.chdir(REPOSITORY_ROOT);
  await prepareProcess();
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      const service = currentService();
      if (service !== undefined) return service.fail(error);
      console.error(`The demo stopped by an unexpected error: ${describeError(error)}`);
      process.exit(1);
    });
  }
}
