module podatlas/ci/tools/prometheus

go 1.26.7

require github.com/prometheus/prometheus v0.316.0

tool (
	github.com/prometheus/prometheus/cmd/prometheus
	github.com/prometheus/prometheus/cmd/promtool
)
