// The questions can be filtered by words, tag and outcome; without this script all are shown.
(() => {
  "use strict";

  const questions = [...document.querySelectorAll("details.question")];
  const words = document.getElementById("words");
  const tag = document.getElementById("tag");
  const chips = [...document.querySelectorAll(".chip")];
  const count = document.getElementById("count");
  const texts = questions.map((one) => one.textContent.toLowerCase());
  const tags = questions.map((one) => JSON.parse(one.dataset.tags));

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set(
      chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.outcome),
    );
    let shown = 0;
    questions.forEach((one, place) => {
      const fits =
        wanted.every((word) => texts[place].includes(word)) &&
        (!tag.value || tags[place].includes(tag.value)) &&
        (!chosen.size || chosen.has(one.dataset.outcome));
      one.hidden = !fits;
      shown += fits;
    });
    const all = shown === questions.length;
    count.textContent = all ? `${shown} questions` : `${shown} of ${questions.length} questions`;
  }

  words.addEventListener("input", filter);
  tag.addEventListener("change", filter);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.ariaPressed = String(chip.ariaPressed !== "true");
      filter();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select")) {
      event.preventDefault();
      words.focus();
    } else if (event.key === "Escape" && event.target === words) {
      words.value = "";
      filter();
    }
  });
  document.getElementById("filter").hidden = false;
  filter();
})();
