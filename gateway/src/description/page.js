// Shows the description, and sends what is tried in it to the server that the page came from.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // The validator's badge would be asked of another host.
  validatorUrl: null,
});
