// The copy buttons of /feeds. Without this script they stay hidden: each address stands there to be copied by hand.
"use strict";
(() => {
  const page = document.querySelector(".feeds");
  const status = page.querySelector("[role=status]");

  // The clipboard is for secure pages only; elsewhere the old command still copies what is selected.
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea");
      field.className = "unseen";
      field.readOnly = true;
      field.value = text;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      button.focus();
      return done;
    }
  }

  let clearing;

  function say(button) {
    const words = button.textContent;
    button.classList.add("done");
    if (words) button.textContent = page.dataset.copied;
    status.textContent = page.dataset.copied;
    setTimeout(() => {
      button.classList.remove("done");
      button.textContent = words;
    }, 2000);
    clearTimeout(clearing); // an earlier copy must not silence this one
    clearing = setTimeout(() => (status.textContent = ""), 2000);
  }

  page.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button || button.classList.contains("done")) return;
    if (await copy(button.dataset.copy, button)) say(button);
    else prompt(page.dataset.failed, button.dataset.copy);
  });
  page.addEventListener("focusin", (event) => {
    if (event.target.matches(".address input")) event.target.select();
  });

  // A link to a group that is folded up unfolds it.
  function unfold() {
    const group = document.getElementById(location.hash.slice(1));
    if (group instanceof HTMLDetailsElement) group.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();

  for (const button of page.querySelectorAll("button.copy")) button.hidden = false;
})();
