import { optional, readOutput } from './readOutput.ts';

/** The version of Azure's API for the calls below: the one that the documentation of Key Vault references names. */
const API_VERSION = '2022-03-01';

/** The function app of the azd environment, as the Azure CLI takes it. */
export type FunctionApp = {
  name: string;
  /** The options of `az functionapp`. */
  options: string[];
  /** The address of a part of the app for `az rest`. */
  urlOf: (part: string) => string;
};

/** @throws {PlainError} the environment does not name it. */
export function readFunctionApp(): FunctionApp {
  const name = readOutput('API_APP_NAME');
  const group = readOutput('AZURE_RESOURCE_GROUP');
  // `az rest` puts the subscription that is selected in the place of the braces.
  const subscription = optional('AZURE_SUBSCRIPTION_ID') || '{subscriptionId}';
  const app = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Web/sites/${name}`;
  return {
    name,
    options: ['--name', name, '--resource-group', group],
    urlOf: (part) => `${app}/${part}?api-version=${API_VERSION}`,
  };
}

/**
 * The app reads the secrets again. Without this it may use for a day what it found when its settings were written
 * (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references, "Understand rotation").
 */
export const refreshReferences = ({ urlOf }: FunctionApp): string[] => [
  ...['--method', 'post', '--url', urlOf('config/configreferences/appsettings/refresh')],
];
