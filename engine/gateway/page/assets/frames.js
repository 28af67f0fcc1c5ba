// Drawing at most once a frame, however much arrives: parts ask to be drawn, and all that asked are drawn
// together when the browser paints next. A hidden tab paints nothing, and so draws nothing.

const waiting = new Set();
let isAsked = false;
let isPaused = false;

/** Has `draw` called before the next paint, once, however often it is asked for. */
export function drawSoon(draw) {
  waiting.add(draw);
  ask();
}

/** Stops drawing, or goes on with it. What asks meanwhile is drawn when drawing goes on. */
export function pause(paused) {
  isPaused = paused;
  ask();
}

/** A `draw` for what need not follow every frame: at most once in `interval_ms`, and never left undrawn. */
export function slowly(interval_ms, draw) {
  let drawn_ms = -Infinity;
  let timer = null;
  return function drawWhenDue() {
    const wait_ms = drawn_ms + interval_ms - performance.now();
    if (wait_ms <= 0) {
      drawn_ms = performance.now();
      draw();
    } else if (timer === null) {
      timer = setTimeout(() => {
        timer = null;
        drawSoon(drawWhenDue);
      }, wait_ms);
    }
  };
}

function ask() {
  if (isAsked || isPaused || waiting.size === 0) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    if (isPaused) return;
    const parts = [...waiting];
    waiting.clear();
    for (const draw of parts) draw();
  });
}
