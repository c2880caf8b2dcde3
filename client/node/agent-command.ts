import { parseAgentOptions, USAGE } from "./agent-options.ts";
import type { CommandSurroundings } from "./command.ts";
import { runAgent } from "./run-agent.ts";

/** `freshet agent`: sends what its sources give until they end or it is asked to. 0 when everything was accepted. */
export async function agentCommand(args: string[], around: CommandSurroundings): Promise<number> {
  const { env, stdin, signal, write, complain } = around;
  const options = parseAgentOptions(args, env);
  const say = (message: string) => complain(`freshet agent: ${message}\n`);
  if (!options.ok) {
    say(`${options.message}\n\n${USAGE}`);
    return 2;
  }
  if (options.value === "help") {
    write(USAGE);
    return 0;
  }
  try {
    const stats = await runAgent(options.value, { stdin, signal, onProblem: say });
    const { accepted, rejected, dropped, queued } = stats;
    say(`${accepted} events accepted, ${rejected} rejected, ${dropped} dropped, ${queued} not sent`);
    return queued + rejected + dropped === 0 ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
