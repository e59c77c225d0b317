{{/* Values under names that they no longer have. Nested values may be secrets, so only plain ones are repeated. */}}
{{- define "podatlas.movedFaults" -}}
{{- $faults := list -}}
{{- range $old, $move := .Files.Get "files/moved.yaml" | fromYaml -}}
{{- range $key, $value := index $.Values $old -}}
{{- $text := kindIs "map" $value | ternary "{…}" (toJson $value) -}}
{{- $faults = append $faults (printf "%s.%s was renamed to %s.%s in %s. Move it:\n  %s:\n    %s: %s\ndocs/UPGRADING.md, \"Renamed values\"" $old $key $move.to $key $move.since $move.to $key $text) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}
