{{- define "barchasb.name" -}}
{{- $release := .Release.Name -}}
{{- $name := ternary $release (printf "%s-%s" $release .Chart.Name) (contains .Chart.Name $release) -}}
{{- $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "barchasb.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "barchasb.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "barchasb.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "barchasb.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* A large number would be written as a power of ten. */ -}}
{{- define "barchasb.environment" -}}
{{- range $name, $value := .Values.settings }}
- name: BARCHASB_{{ $name | snakecase | upper }}
  value: {{ ternary $value (int64 $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}

{{- define "barchasb.require_choice" -}}
{{- if not (or .Values.keys.secret (eq .Values.settings.anonymous "tag")) -}}
{{- fail "barchasb: choose who may tag: set keys.secret to the name of a Secret that holds keys.json, written by `barchasb key make NAME`, or set settings.anonymous to tag to let all who reach the service tag" -}}
{{- end -}}
{{- end }}
