"use strict";
const forward = document.querySelector("form[data-submit-now]");
if (forward) forward.submit();
const problem = document.getElementById("problem");
if (problem) problem.focus();
