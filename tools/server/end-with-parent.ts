// Preloaded into wrangler, which leads a process group of its own. When our end of its IPC channel closes, we are
// gone, however that came about (kill -9 too): wrangler must not go on holding the port and the state.
const GRACE_MS = 3_000;

process.once("disconnect", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.kill(-process.pid, "SIGKILL"), GRACE_MS);
});
// Only a channel that somebody listens to notices its end; it shall not keep the process alive.
process.channel?.ref();
process.channel?.unref();
