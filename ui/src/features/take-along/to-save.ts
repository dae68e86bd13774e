/** Entry point of the code that is loaded to create a file. */

export { savedAttackOf } from "./saved-attack.ts";
export { isOf, savedRunOf } from "./saved-run.ts";
