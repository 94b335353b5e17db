/* The page's behaviour: language, charts, drill-down. Every text goes in as text, never as markup. */
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('rows').textContent);
  const root = document.documentElement;
  const dialog = document.getElementById('drill');
  const STATES = {
    met: ['✓', 'Đạt', 'Met'], missed: ['✕', 'Chưa đạt', 'Missed'],
    no_data: ['–', 'Không phát sinh', 'No data'], info: ['•', 'Theo dõi', 'For information'],
  };
  const CASES = {
    late: ['Trả quá hạn', 'Closed late'], overdue: ['Đang mở, quá hạn', 'Open, overdue'],
    soon: ['Đang mở, sắp đến hạn', 'Open, due soon'],
  };
  const side = () => (root.lang === 'en' ? 1 : 0);
  const say = (pair) => pair[side()];
  const count = (n) => (n === null || n === undefined ? '–' : new Intl.NumberFormat(side() ? 'en' : 'de').format(n));
  const share = (value) => (value === null ? '–'
    : new Intl.NumberFormat(side() ? 'en' : 'de', { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value * 100) + (side() ? '%' : ' %'));
  const two = (value) => new Intl.NumberFormat(side() ? 'en' : 'de', { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
  const whole = (kpi, n) => (kpi.unit === 'points' ? two(n / 1e6) : count(n));
  const isWhole = (kpi) => kpi.unit === 'count' || kpi.unit === 'days';
  const plain = (kpi, v) => (isWhole(kpi) ? count(v) : kpi.unit === 'points' ? two(v) : share(v));
  // Whole numbers, half up, like the figures that stand in the page already.
  const figure = (kpi, n, d) => (d ? (isWhole(kpi) ? count(n) : kpi.unit === 'points' ? two(n / 1e6) : share(Math.floor((n * 20000 + d) / (2 * d)) / 10000)) : '–');

  function make(tag, given, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given || {})) element.setAttribute(name, value);
    for (const child of children) element.append(child);
    return element;
  }

  /* charts: thirteen months and the target, drawn as SVG so that they print sharp */
  function draw(element, kpi, isLarge) {
    const values = kpi.months.map((m) => m[3]);
    const known = values.filter((v) => v !== null);
    element.replaceChildren();
    if (!known.length) return;
    const goal = kpi.target;
    const all = goal === null ? known : known.concat(goal);
    // A flat line must not look like a crash: at least half a point (or two ratings) of height.
    const least = { count: 2, days: 2, points: 1 }[kpi.unit] || 0.005;
    const isShare = kpi.unit === 'ratio';
    let low = Math.min(...all), high = Math.max(...all);
    const room = Math.max(high - low, least) * 0.12;
    if (high - low < least) low = high - least;
    low = Math.max(low - room, isWhole(kpi) ? -0.4 : 0);
    high = isShare ? Math.min(high + room, 1.0005) : high + room;
    const last = values.reduce((found, v, place) => (v === null ? found : place), 0);
    const step = Math.ceil(values.length * 75 / Math.max(element.clientWidth - 100, 1));
    const series = [{ name: 'value', className: 'months', data: values }];
    if (goal !== null) series.unshift({ name: 'goal', className: 'goal', data: values.map(() => goal) });
    const chart = new Chartist.LineChart(element, { labels: kpi.months.map((m) => m[0]), series }, {
      low, high, fullWidth: true, lineSmooth: false, width: element.clientWidth || 300, height: isLarge ? 200 : 44,
      chartPadding: isLarge ? { top: 12, right: 44, bottom: 0, left: 0 } : { top: 7, right: 8, bottom: 7, left: 4 },
      axisX: { showGrid: false, showLabel: isLarge, offset: isLarge ? 24 : 0,
        labelInterpolationFnc: (label, place) => ((values.length - 1 - place) % step === 0 ? label : '') },
      axisY: { showGrid: isLarge, showLabel: isLarge, offset: isLarge ? 62 : 0, scaleMinSpace: 38,
        labelInterpolationFnc: (v) => ((isWhole(kpi) && !(Number.isInteger(v) && v >= 0)) || (isShare && v > 1) ? '' : plain(kpi, v)) },
    });
    chart.on('draw', (part) => {
      if (part.type !== 'point') return;
      if (part.series.name === 'value' && part.index === last) part.element.addClass('last');
      if (part.series.name === 'value') part.element.elem('title', {}).text(kpi.months[part.index][0] + ': ' + plain(kpi, part.value.y));
    });
    chart.on('created', (made) => {
      // With a view box the drawing shrinks to the width of paper.
      const svg = made.svg.getNode();
      svg.setAttribute('viewBox', '0 0 ' + element.clientWidth + ' ' + (isLarge ? 200 : 44));
      svg.setAttribute('preserveAspectRatio', 'xMinYMid meet');
      svg.style.width = '100%';
      svg.style.height = isLarge ? 'auto' : '44px';
    });
  }

  function drawAll() {
    for (const element of document.querySelectorAll('[data-trend]')) {
      draw(element, data.kpis[element.dataset.trend], element.classList.contains('chart'));
    }
  }

  /* drill-down: KPI, agency, procedure, cases; the place is in the address, so Back works */
  function table(heads, rows) {
    const head = make('tr', {}, ...heads.map((pair) => make('th', { scope: 'col' }, say(pair))));
    const body = rows.map((cells) => make('tr', {}, ...cells.map((cell, place) => {
      const holder = place === 0 ? make('th', { scope: 'row' }) : make('td');
      holder.append(cell);
      return holder;
    })));
    if (!rows.length) body.push(make('tr', {}, make('td', { colspan: heads.length }, say(['Không có dòng nào.', 'No rows.']))));
    return make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'drill-title' },
      make('table', {}, make('thead', {}, head), make('tbody', {}, ...body)));
  }
  const link = (text, ...way) => make('a', { href: '#/' + way.map(encodeURIComponent).join('/') }, text);
  function pill(status, kpi) {
    const [mark, vi, en] = status === 'no_data' && kpi.nothing ? ['–', ...kpi.nothing] : STATES[status];
    return make('span', { class: 'pill ' + status }, make('span', { 'aria-hidden': 'true' }, mark), say([vi, en]));
  }
  const lead = (text) => make('p', { class: 'lead' }, text);

  function showKpi(id) {
    const kpi = data.kpis[id];
    const chart = make('div', { class: 'chart s-' + kpi.status, 'aria-hidden': 'true' });
    const agencies = kpi.agencies.map(([code, name, n, d, status]) => [
      kpi.deep && code && data.procedures.some((p) => p[0] === code) ? link(data.names[name], id, code) : data.names[name],
      figure(kpi, n, d), pill(status, kpi), whole(kpi, n), whole(kpi, d)]);
    const months = kpi.months.slice().reverse().map(([month, n, d, , status]) => [month, figure(kpi, n, d), pill(status, kpi), whole(kpi, n), whole(kpi, d)]);
    const heads = (first) => [first, ['Kết quả', 'Result'], ['Trạng thái', 'Status'], ['Tử số', 'Numerator'], ['Mẫu số', 'Denominator']];
    return {
      way: [], title: say(kpi.label),
      body: [
        lead(say(kpi.value) + ' · ' + whole(kpi, kpi.n) + ' / ' + whole(kpi, kpi.d) + (kpi.goal ? ' · ' + say(['mục tiêu ', 'target ']) + say(kpi.goal) : '')),
        chart,
        make('h3', {}, say(['Theo cơ quan, nặng nhất trước', 'By agency, heaviest first'])), table(heads(['Cơ quan', 'Agency']), agencies),
        make('h3', {}, say(['Theo tháng', 'By month'])), table(heads(['Tháng', 'Month']), months),
      ],
      after: () => draw(chart, kpi, true),
    };
  }
  function agencyName(kpi, code) {
    const found = kpi.agencies.find((a) => a[0] === code);
    return found ? data.names[found[1]] : code;
  }
  function showAgency(id, code) {
    const kpi = data.kpis[id];
    const rows = data.procedures.filter((p) => p[0] === code).map((p) => [
      link(data.names[p[2]] || p[1], id, code, p[1]), count(p[3]), count(p[4]), count(p[5]), count(p[6]), count(p[7]), count(p[8])]);
    // Cases whose procedure is too rare to be named stand together, with their agency alone.
    if (data.cases.some((c) => c[0] === code && c[1] === 'OTHER')) {
      rows.push([link(say(['Các thủ tục ít hồ sơ (gộp)', 'Procedures with few cases (merged)']), id, code, 'OTHER'), '', '', '', '', '', '']);
    }
    return {
      way: [[say(kpi.label), id]], title: agencyName(kpi, code),
      body: [
        lead(say(['Thủ tục trong năm, nhiều hồ sơ quá hạn nhất trước. Nhóm ít lượt đánh giá không hiển thị.',
          'Procedures of the year, most late cases first. Ratings of small groups are not shown.'])),
        table([['Thủ tục', 'Procedure'], ['Tiếp nhận', 'Received'], ['Trực tuyến', 'Online'], ['Đã giải quyết', 'Closed'],
          ['Quá hạn', 'Late'], ['Trung vị ngày', 'Median days'], ['Đánh giá', 'Ratings']], rows),
      ],
    };
  }
  function showProcedure(id, code, procedure) {
    const kpi = data.kpis[id];
    const found = data.procedures.find((p) => p[0] === code && p[1] === procedure);
    const rows = data.cases.filter((c) => c[0] === code && c[1] === procedure)
      .map((c) => [String(c[2]), say(CASES[c[3]]), c[4], count(c[5])]);
    return {
      way: [[say(kpi.label), id], [agencyName(kpi, code), id, code]], title: (found && data.names[found[2]]) || procedure,
      body: [
        lead(procedure + ' · ' + say(['Hồ sơ trả quá hạn trong năm và hồ sơ đang mở cần chú ý. Số hồ sơ là ngẫu nhiên, chỉ dùng trong phiên bản này.',
          'Cases closed late this year and open ones to watch. Case numbers are random and hold for this version only.'])),
        table([['Số', 'No.'], ['Tình trạng', 'State'], ['Hạn trả / tháng kết thúc', 'Due / month ended'], ['Ngày làm việc trễ', 'Working days late']], rows),
      ],
    };
  }
  function route() {
    const way = location.hash.startsWith('#/') ? location.hash.slice(2).split('/').map(decodeURIComponent) : [];
    if (!way.length || !Object.hasOwn(data.kpis, way[0])) { if (dialog.open) dialog.close(); return; }
    const view = [showKpi, showAgency, showProcedure][Math.min(way.length, 3) - 1](...way);
    document.getElementById('drill-title').textContent = view.title;
    const crumbs = document.getElementById('drill-way');
    crumbs.replaceChildren(...view.way.map(([text, ...to]) => link(text, ...to)));
    crumbs.hidden = !view.way.length;
    document.getElementById('drill-body').replaceChildren(...view.body);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    if (view.after) view.after();
  }
  dialog.addEventListener('close', () => {
    if (location.hash.startsWith('#/')) history.replaceState(null, '', location.pathname + location.search);
  });
  document.getElementById('drill-close').addEventListener('click', () => dialog.close());
  window.addEventListener('hashchange', route);

  /* language */
  const button = document.getElementById('language');
  function speak(language) {
    root.lang = language;
    button.lang = language === 'vi' ? 'en' : 'vi';
    button.textContent = language === 'vi' ? 'English' : 'Tiếng Việt';
    document.title = document.body.dataset['title' + (language === 'vi' ? 'Vi' : 'En')];
    try { localStorage.setItem('motcua-language', language); } catch (refused) { /* a file may have no storage */ }
    drawAll();
    route();
  }
  button.addEventListener('click', () => speak(root.lang === 'vi' ? 'en' : 'vi'));
  document.getElementById('print').addEventListener('click', () => window.print());
  let waiting = 0;
  window.addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
  let remembered = 'vi';
  try { remembered = localStorage.getItem('motcua-language') || 'vi'; } catch (refused) { /* as above */ }
  speak(remembered === 'en' ? 'en' : 'vi');
})();
