// Only the fields that belong to the chosen "when" are shown; without this script all are.
(() => {
  "use strict";
  const form = document.getElementById("plan");
  if (form) {
    const show = () => {
      const chosen = form.querySelector("[name=when]:checked")?.value;
      const frequency = form.elements.frequency?.value;
      for (const part of form.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(chosen);
      for (const part of form.querySelectorAll("[data-field=weekdays]")) part.hidden = frequency !== "weekly";
      for (const part of form.querySelectorAll("[data-field=month_days]")) part.hidden = frequency !== "monthly";
    };
    form.addEventListener("change", show);
    show();
  }
  for (const asking of document.querySelectorAll("form[data-confirm]"))
    asking.addEventListener("submit", (event) => {
      if (!confirm(asking.dataset.confirm)) event.preventDefault();
    });
  for (const field of document.querySelectorAll("[data-submit]")) field.addEventListener("change", () => field.form.submit());
})();
