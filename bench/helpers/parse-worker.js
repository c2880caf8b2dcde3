// The peer: a Worker that parses what it is given and does nothing else.
let parsed = 0;

export default {
  /**
   * POST a JSON array of texts: each is parsed `?times=` over. Without `times`: the smallest Worker that reads a
   * request's JSON and answers.
   */
  async fetch(request) {
    const times = Number(new URL(request.url).searchParams.get("times"));
    if (times === 0) {
      const body = await request.json();
      return Response.json({ accepted: Array.isArray(body) ? body.length : 1 }, { status: 202 });
    }
    const texts = await request.json();
    for (let round = 0; round < times; round++) {
      for (const text of texts) parsed += JSON.parse(text) === null ? 0 : 1;
    }
    return Response.json({ parsed });
  },
};
