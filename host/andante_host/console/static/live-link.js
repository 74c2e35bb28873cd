// The stream of events, and how one knows that it has broken off: silence for three seconds.

const ADDRESS = "/live/events";
const NAMES = ["engine", "state", "started", "progress", "tempo", "done", "ended", "notice", "holder", "time"];
const SILENT_MS = 3000;
const LOOK_MS = 500;
const AGAIN_MS = [2000, 8000]; // first and longest wait for a new stream to say something

export class Link {
  // onEvent(name, fields); onLost(silent_ms) again and again while nothing comes; onBack();
  // onLoggedOut() once the login has ended.
  constructor(handlers) {
    this.handlers = handlers;
    this.heard_ms = performance.now();
    this.patience_ms = AGAIN_MS[0];
    this.lost = false;
    this.open();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    // A page that comes back from the background looks at once.
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
  }

  open() {
    this.source?.close();
    this.opened_ms = performance.now();
    this.source = new EventSource(ADDRESS);
    for (const name of NAMES) {
      this.source.addEventListener(name, (event) => {
        this.heard_ms = performance.now();
        this.patience_ms = AGAIN_MS[0];
        if (this.lost) {
          this.lost = false;
          this.handlers.onBack();
        }
        this.handlers.onEvent(name, event.data ? JSON.parse(event.data) : {});
      });
    }
  }

  look() {
    const now_ms = performance.now();
    const silent_ms = now_ms - this.heard_ms;
    const closed = this.source.readyState === EventSource.CLOSED;
    if (silent_ms < SILENT_MS && !closed) return;
    if (silent_ms >= SILENT_MS) {
      this.lost = true;
      this.handlers.onLost(silent_ms);
    }
    // A console that is just starting must not be asked anew before it can answer.
    if (now_ms - this.opened_ms < this.patience_ms) return;
    this.patience_ms = Math.min(2 * this.patience_ms, AGAIN_MS[1]);
    if (closed) this.askWhetherLoggedOut();
    this.open();
  }

  // An address that sends one elsewhere instead of answering wants a login.
  async askWhetherLoggedOut() {
    try {
      const answer = await fetch("/live", { method: "HEAD", redirect: "manual" });
      if (answer.type !== "opaqueredirect") return;
      clearInterval(this.timer);
      this.source.close();
      this.handlers.onLoggedOut();
    } catch {
      // The console is away; the next look tries again.
    }
  }
}
