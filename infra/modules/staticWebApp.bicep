metadata description = 'Host of the page. Any other host can take its place: the rest of the template knows only the origin of the page.'

@description('Name of the static web app.')
param name string

@description('Region of the static web app. Its files are served from everywhere.')
param location string

@description('Tags of the static web app; azd finds it by `azd-service-name`.')
param tags { *: string }

@description('Plan of the static web app.')
param sku 'Free' | 'Standard'

resource site 'Microsoft.Web/staticSites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
  }
  properties: {
    provider: 'Custom'
    stagingEnvironmentPolicy: 'Disabled'
    allowConfigFileUpdates: true
  }
  // There is no linked backend: it would replace the header `Authorization`, in which the page sends the access token.
}

@description('Origin of the page, without a slash at its end. Azure chooses the host name, so it cannot be computed.')
output origin string = 'https://${site.properties.defaultHostname}'
