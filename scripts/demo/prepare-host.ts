import { registerHooks } from "node:module";
import { describeError, prepareProcess } from "agent-kit/service";
import { currentService } from "./hosted-service.ts";
import { LIBSODIUM_CONDITION, REPOSITORY_ROOT, type StackModes } from "./stack.ts";

/**
 * Makes of this process one that services run in: its folder, its cryptography, its globals, and whose an error is that nothing
 * catches. Call it before the first service is imported.
 */
export async function prepareHost(crypto: StackModes["crypto"]): Promise<void> {
  // Their paths are from there.
  process.chdir(REPOSITORY_ROOT);
  if (crypto === "libsodium") {
    registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: [...context.conditions, LIBSODIUM_CONDITION] }),
    });
  }
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
