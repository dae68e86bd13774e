/** All that is loaded when a file is made. */

export { savedAttackOf } from "./saved-attack.ts";
export { isOf, savedRunOf } from "./saved-run.ts";
