// Times ahead count down: "3 h 12 min", "4 min", "20 s", in the page's own words.
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function left(milliseconds, words) {
  const whole = (unit) => Math.floor(milliseconds / unit);
  if (milliseconds >= 2 * DAY) return `${whole(DAY)} ${words.days}`;
  if (milliseconds >= HOUR) return `${whole(HOUR)} ${words.hours} ${whole(MINUTE) % 60} ${words.minutes}`;
  if (milliseconds >= MINUTE) return `${whole(MINUTE)} ${words.minutes}`;
  return `${Math.max(0, whole(SECOND))} ${words.seconds}`;
}

export function countDown() {
  const words = document.body.dataset;
  const tick = () => document.querySelectorAll("[data-countdown]").forEach((element) => {
    element.textContent = left(Date.parse(element.dateTime) - Date.now(), words);
  });
  tick();
  setInterval(tick, SECOND);
}
